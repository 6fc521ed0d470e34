// The host that the protocols' public test suites run against, and the load generator: bare Engine.IO at /engine.io/, Socket.IO at /socket.io/.
//     dotnet run --project samples/SocketIO.Conformance -- --urls http://127.0.0.1:3000
// Its heartbeat is as quick as the suites want it; --pingInterval 25000 --pingTimeout 20000 (milliseconds) is that of other servers.
using SocketIO.AspNetCore;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxConcurrentUpgradedConnections = null);
builder.Services.AddCors();
builder.Services.AddSocketIO(options =>
{
    Configure(options);
    options.ConnectTimeout = TimeSpan.FromSeconds(1);
});

WebApplication app = builder.Build();
app.UseCors(policy => policy.AllowAnyOrigin().AllowAnyHeader().AllowAnyMethod());
EngineIOOptions engineOptions = new();
Configure(engineOptions);
app.MapEngineIO("/engine.io", connection => new EchoHandler(connection), engineOptions);
app.MapSocketIO("/socket.io", io =>
{
    io.MapNamespace("/")
        .OnConnected(SendAuth)
        .On("message", e => e.Socket.Emit("message-back", e.Arguments))
        .On("message-with-ack", e => e.Acknowledge(e.Arguments))
        .On<string>("join", (socket, room) => socket.Join(room))
        .On("msg", e => e.Socket.To(e.Arguments.Get<string>(0)!).Emit("msg", e.Arguments.Skip(1)));
    io.MapNamespace("/custom").OnConnected(SendAuth);
});
app.Run();

static void SendAuth(Socket socket) => socket.EmitJson("auth", socket.Handshake.AuthJson.Span);

void Configure(EngineIOOptions options)
{
    options.PingInterval = TimeSpan.FromMilliseconds(builder.Configuration.GetValue("pingInterval", 300));
    options.PingTimeout = TimeSpan.FromMilliseconds(builder.Configuration.GetValue("pingTimeout", 200));
    options.MaxPayload = 1_000_000;

    // The load generator's sender is one connection.
    options.MessagesPerSecondMax = 0;
}
