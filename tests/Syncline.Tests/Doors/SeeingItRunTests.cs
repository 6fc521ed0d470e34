using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Syncline.Conformance.InMemory;
using Syncline.Engine.Storage;
using Syncline.Tests.Doors.RealTime;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

public sealed class SeeingItRunTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task The_meters_count_what_happens()
    {
        await using TestServer server = await StartAsync();
        ConcurrentDictionary<string, double> sums = new(StringComparer.Ordinal);
        ConcurrentDictionary<string, int> counts = new(StringComparer.Ordinal);
        using MeterListener listener = new();
        IMeterFactory factory = server.Get<IMeterFactory>();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Name == "Syncline" && ReferenceEquals(instrument.Meter.Scope, factory))
                own.EnableMeasurementEvents(instrument);
        };
        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string name = instrument.Name + (tags.Length > 0 ? $" {tags[0].Value}" : "");
            sums.AddOrUpdate(name, value, (_, sum) => sum + value);
            counts.AddOrUpdate(name, 1, (_, count) => count + 1);
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.Start();

        await server.MakeSpaceAsync();
        Task<(int Status, JsonNode Answer)> wait = server.GetAsync("/spaces/plans/pull?wait=50");
        await server.UntilWaitingAsync(1);
        Assert.Equal((1, 1), (sums["syncline.waits"], sums["syncline.spaces.open"]));
        await server.PushAsync($"{TestServer.Note("a", "1")},{TestServer.Note("a", "2")},{TestServer.Note("a", "0")},null");
        await wait.WaitAsync(Patience);
        await server.PushAsync(TestServer.Note("a", "3"));
        Assert.Equal(3, sums["syncline.operations.appended"]);
        Assert.Equal((3, 2), (sums["syncline.batch.size"], counts["syncline.batch.size"]));
        Assert.Equal(2, counts["syncline.append.duration"]);
        Assert.Equal(1, counts["syncline.delivery.delay"]);
        Assert.Equal((1, 1), (sums["syncline.operations.rejected clock_out_of_range"], sums["syncline.operations.rejected invalid_operation"]));
        Assert.Equal(0, sums["syncline.waits"]);
    }

    [Fact]
    public async Task A_store_that_is_gone_is_503_and_readiness_says_so()
    {
        InMemorySpaceStore store = new();
        ManualTime time = new();
        await using TestServer server = await StartAsync(
            data: null,
            builder =>
            {
                builder.Services.AddSingleton<ISpaceStore>(store);
                UseTime(builder, time);
            });
        await server.MakeSpaceAsync();
        Assert.Equal(200, (await server.GetAsync("/health/ready")).Status);
        store.IsUnavailable = true;
        Assert.Equal(200, (await server.GetAsync("/healthz")).Status);
        Assert.Equal(200, (await server.GetAsync("/health/live")).Status);
        time.Advance(TimeSpan.FromSeconds(1));
        foreach ((int status, JsonNode problem) in new[]
        {
            await server.GetAsync("/health/ready"),
            await server.PushAsync(TestServer.Note("a", "1")),
            await server.PutAsync(Move("a", "1", "root", null)),
            await server.SyncAsync("""{"stateVectors":{"root":{}}}"""),
        })
            Assert.Equal((503, "unavailable", true), (status, problem["code"]!.GetValue<string>(), problem["retryable"]!.GetValue<bool>()));
        store.IsUnavailable = false;
        Assert.Equal(200, (await server.GetAsync("/health/ready")).Status);
        Assert.Equal("accepted", Result((await server.PushAsync(TestServer.Note("a", "1"))).Answer, 0));
    }

    [Fact]
    public async Task A_log_line_of_a_request_has_the_correlation_id_that_the_answer_has()
    {
        Lines lines = new();
        InMemorySpaceStore store = new();
        await using TestServer server = await StartAsync(
            data: null,
            builder =>
            {
                builder.Services.AddSingleton<ISpaceStore>(store);
                builder.Logging.ClearProviders().AddProvider(lines).AddFilter((_, level) => level >= LogLevel.Error);
            });
        await server.MakeSpaceAsync();
        store.IsUnavailable = true;
        using HttpResponseMessage response = await server.Http.GetAsync("/spaces/plans/trees");
        string id = Assert.Single(response.Headers.GetValues("X-Correlation-Id"));
        Assert.Contains(lines.All, line => line.Contains($"CorrelationId={id}", StringComparison.Ordinal) && line.Contains("unavailable", StringComparison.Ordinal));
    }

    [Fact]
    public async Task That_the_store_is_unavailable_is_logged_also_for_an_event()
    {
        Lines lines = new();
        InMemorySpaceStore store = new();
        await using TestServer server = await StartAsync(
            data: null,
            builder =>
            {
                builder.Services.AddSingleton<ISpaceStore>(store);
                builder.Logging.ClearProviders().AddProvider(lines).AddFilter((_, level) => level >= LogLevel.Error);
            });
        await server.MakeSpaceAsync();
        (RealTimeClient client, _) = await RealTimeClient.JoinAsync(server);
        await using (client)
        {
            store.IsUnavailable = true;
            await client.EmitAsync("ops:state", "{}");
            Assert.Equal("unavailable", (string)(await client.NextAsync("error"))!["code"]!);
            Assert.Contains(lines.All, line => line.Contains("ops:state in plans cannot be served: the store is unavailable", StringComparison.Ordinal));
        }
    }

    private sealed class Lines : ILoggerProvider, ISupportExternalScope, ILogger
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            List<string> scopes = [];
            _scopes.ForEachScope(
                static (scope, list) =>
                {
                    if (scope is IEnumerable<KeyValuePair<string, object?>> pairs)
                        list.AddRange(pairs.Select(pair => $"{pair.Key}={pair.Value}"));
                },
                scopes);
            All.Enqueue($"{formatter(state, exception)} {string.Join(' ', scopes)}");
        }

        public void Dispose()
        {
        }
    }
}
