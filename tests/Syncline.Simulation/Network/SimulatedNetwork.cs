using Microsoft.Extensions.Primitives;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.Server;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Network;

/// <summary>
/// Carries requests to the server and replies back: late, in another order, twice, in part, or not at all. What is lost is either noticed (the
/// connection breaks) or not (it stays half-open, until whoever waits loses patience).
/// </summary>
internal sealed class SimulatedNetwork(Scheduling.Simulation simulation, Dice dice, SimulatedServer server)
{
    private static readonly TimeSpan TravelMost = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan SlowMost = TimeSpan.FromSeconds(6);

    // Wires do not crash.
    private readonly Process _wires = new(simulation, "network");

    /// <summary>Faults of the server that no client could have caused.</summary>
    public List<string> ServerFaults { get; } = [];

    /// <summary>Where a program on a device sends its requests.</summary>
    public HttpMessageHandler Connect(Link link) => new LinkHandler(this, link);

    /// <summary>Carries a request, and its reply.</summary>
    public void Carry(Call call) => _wires.Post(_ => _ = CarryAsync(call), state: null);

    private async Task CarryAsync(Call call)
    {
        call.Link.Opened(call);
        try
        {
            await TravelAsync(call);
            if (call.Link.IsDown || Strikes(call, Fault.RequestLost))
            {
                Lose(call, "the request was lost");
                return;
            }

            if (server.Life is not { } life)
            {
                call.Fail("The connection was refused.");
                return;
            }

            if (MayComeTwice(call) && Strikes(call, Fault.RequestDuplicated))
                _ = RepeatAsync(call);
            await ServeAsync(call, life);
        }
        catch (Exception e)
        {
            simulation.Fail(e);
        }
        finally
        {
            call.Link.Closed(call);
        }
    }

    private async Task ServeAsync(Call call, ServerLife life)
    {
        Exchange exchange = new(call.Request, call.Body);
        Task served = life.Process.StartAsync(() => life.ServeAsync(exchange));
        await Task.WhenAny(served, call.GaveUp, life.Ended);
        if (served.IsFaulted && !exchange.RequestAborted.IsCancellationRequested)
            ServerFaults.Add($"{call.What} threw {served.Exception!.InnerException}");
        if (call.GaveUp.IsCompleted)
        {
            life.Process.Post(_ => exchange.Leave(), state: null);
            return;
        }

        if (!served.IsCompleted || served.IsFaulted || served.IsCanceled)
        {
            Lose(call, "the server is gone");
            return;
        }

        if (exchange.StatusCode == 500)
            ServerFaults.Add($"{call.What} was answered {System.Text.Encoding.UTF8.GetString(exchange.Written)}");
        await TravelAsync(call);
        if (call.Link.IsDown || Strikes(call, Fault.ReplyLost))
        {
            Lose(call, "the reply was lost");
            return;
        }

        if (exchange.StatusCode == 401)
            dice.Count(Fault.TokenExpired);
        simulation.Trace.Say(call.Link.Name, $"{call.What} -> {exchange.StatusCode}, {exchange.Written.Length} bytes{(exchange.StatusCode < 400 ? "" : " " + System.Text.Encoding.UTF8.GetString(exchange.Written))}");
        call.Answer(ResponseOf(call, exchange));
    }

    // Proxies and clients repeat what they hold for harmless; not what makes or takes logins.
    private static bool MayComeTwice(Call call) => !call.Request.RequestUri!.AbsolutePath.StartsWith("/auth/", StringComparison.Ordinal);

    private async Task RepeatAsync(Call call)
    {
        Exchange exchange = new(call.Request, call.Body);
        await TravelAsync(call);
        if (server.Life is { } life)
            await Task.WhenAny(life.Process.StartAsync(() => life.ServeAsync(exchange)), life.Ended);
    }

    private void Lose(Call call, string why)
    {
        bool isNoticed = !Strikes(call, Fault.ConnectionHalfOpen);
        simulation.Trace.Say(call.Link.Name, $"{call.What}: {why}{(isNoticed ? "" : ", and nobody notices")}");
        if (isNoticed)
            call.Fail("The connection was reset.");
    }

    private bool Strikes(Call call, Fault fault) => !call.Link.IsSafe && dice.Strikes(fault);

    private Task TravelAsync(Call call)
    {
        TimeSpan most = Strikes(call, Fault.MessageSlow) ? SlowMost : TravelMost;
        return Task.Delay(dice.Between(TimeSpan.FromMilliseconds(1), most), _wires.Time);
    }

    private HttpResponseMessage ResponseOf(Call call, Exchange exchange)
    {
        byte[] bytes = exchange.Written;
        bool isCut = exchange.IsBroken || (bytes.Length > 0 && Strikes(call, Fault.ReplyCut));
        HttpResponseMessage response = new((System.Net.HttpStatusCode)exchange.StatusCode)
        {
            Content = isCut ? new StreamContent(new CutStream(bytes, dice.Random.Next(bytes.Length + 1))) : new ByteArrayContent(bytes),
        };
        foreach ((string name, StringValues values) in exchange.Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                response.Content.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }

        return response;
    }
}
