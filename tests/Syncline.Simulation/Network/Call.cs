namespace Syncline.Simulation.Network;

/// <summary>A request under way, as the device sees it.</summary>
internal sealed class Call(Link link, HttpRequestMessage request, byte[] body)
{
    private readonly TaskCompletionSource<HttpResponseMessage> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gaveUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Link Link => link;

    public HttpRequestMessage Request => request;

    public byte[] Body => body;

    public string What => $"{request.Method.Method} {request.RequestUri!.PathAndQuery}";

    public Task<HttpResponseMessage> Reply => _reply.Task;

    /// <summary>Ends when nobody waits for the reply any more.</summary>
    public Task GaveUp => _gaveUp.Task;

    public void Answer(HttpResponseMessage response) => _reply.TrySetResult(response);

    public void Fail(string why) => _reply.TrySetException(new HttpRequestException(why));

    public void GiveUp(CancellationToken cancellationToken)
    {
        _gaveUp.TrySetResult();
        _reply.TrySetCanceled(cancellationToken);
    }
}
