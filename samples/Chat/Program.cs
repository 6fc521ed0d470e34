// A chat: rooms, names, and who is typing. In this folder: npm ci, dotnet run, and open http://localhost:5000 in two windows.
using Microsoft.Extensions.FileProviders;
using SocketIO.AspNetCore;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddSocketIO();
WebApplication app = builder.Build();
app.UseDefaultFiles().UseStaticFiles();

// The official client's own script, as npm brings it.
app.UseStaticFiles(new StaticFileOptions
{
    RequestPath = "/client",
    FileProvider = new PhysicalFileProvider(Path.Combine(app.Environment.ContentRootPath, "node_modules/socket.io-client/dist")),
});
app.MapSocketIO("/socket.io", io => io.MapNamespace("/")
    .Use(socket =>
    {
        string name = socket.Handshake.GetAuth<Auth>()?.Name ?? "";
        socket.Data = name is { Length: > 0 and <= 40 } ? name : throw new ConnectRefusedException("a name of 1 to 40 characters, please");
        return ValueTask.CompletedTask;
    })
    .OnConnected(socket =>
    {
        socket.Join("lobby");
        socket.To("lobby").Emit("joined", (string)socket.Data!);
    })
    .On<string>("say", (socket, text) => socket.Namespace.To("lobby").Emit("said", (string)socket.Data!, text))
    .On<bool>("typing", (socket, on) => socket.To("lobby").Volatile.Emit("typing", (string)socket.Data!, on))
    .OnDisconnected((socket, _) => socket.To("lobby").Emit("left", (string)socket.Data!)));
app.Run();

internal sealed record Auth(string? Name);
