namespace Syncline.Simulation.Network;

/// <summary>Where a client's requests leave it: in the place of sockets.</summary>
internal sealed class LinkHandler(SimulatedNetwork network, Link link) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Call call = new(link, request, body);
        await using CancellationTokenRegistration givesUp = cancellationToken.UnsafeRegister((_, token) => call.GiveUp(token), state: null);
        network.Carry(call);
        return await call.Reply;
    }
}
