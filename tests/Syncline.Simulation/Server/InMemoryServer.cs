using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Syncline.Simulation.Server;

/// <summary>In the place of Kestrel: gives the application's whole pipeline requests that are in memory.</summary>
internal sealed class InMemoryServer : IServer
{
    private Func<Exchange, Task>? _serve;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _serve = async exchange =>
        {
            TContext context = application.CreateContext(exchange.Features);
            Exception? fault = null;
            try
            {
                await application.ProcessRequestAsync(context);
                await exchange.CompleteAsync();
            }
            catch (Exception e)
            {
                fault = e;
                throw;
            }
            finally
            {
                await exchange.EndAsync();
                application.DisposeContext(context, fault);
            }
        };
        return Task.CompletedTask;
    }

    /// <summary>Serves a request; ends when the application is done with it.</summary>
    public Task ServeAsync(Exchange exchange) => _serve!(exchange);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
    }
}
