namespace Syncline.Simulation.Network;

/// <summary>A device's way to the server. It outlives the program on the device.</summary>
internal sealed class Link(string name)
{
    private readonly List<Call> _open = [];

    public string Name => name;

    /// <summary>Whether nothing comes through, in both directions.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether nothing ever happens to it.</summary>
    public bool IsSafe { get; init; }

    /// <summary>The access token that went over it last.</summary>
    public string? Token { get; private set; }

    public void Opened(Call call)
    {
        _open.Add(call);
        Token = call.Request.Headers.Authorization?.Parameter ?? Token;
    }

    public void Closed(Call call) => _open.Remove(call);

    /// <summary>The device's system closes the connections of a program that is gone.</summary>
    public void HangUp()
    {
        foreach (Call call in _open.ToArray())
            call.GiveUp(CancellationToken.None);
    }
}
