using Microsoft.Extensions.Hosting;
using Syncline.Engine.Spaces;

namespace Syncline.AspNetCore;

/// <summary>
/// Closes idle spaces, looks after logs and writes how far clients have read while the server runs; when it stops, answers all waits first and
/// finishes what is being written.
/// </summary>
internal sealed class SynclineLifetime(LiveSpaces spaces) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _background = Task.WhenAll(
            spaces.SweepAsync(_stopping.Token), spaces.MaintainAsync(_stopping.Token), spaces.WriteClientsAsync(_stopping.Token));
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _background.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await spaces.StopAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();
}
