using System.Net;
using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SocketIO.AspNetCore;

/// <summary>What a client said when it joined a namespace.</summary>
public sealed class Handshake
{
    private static readonly byte[] Nothing = "{}"u8.ToArray();

    private readonly JsonSerializerOptions _options;

    internal Handshake(EngineConnection connection, ReadOnlyMemory<byte> auth, JsonSerializerOptions options)
    {
        (User, RemoteAddress, _options) = (connection.User, connection.RemoteAddress, options);
        AuthJson = auth.IsEmpty ? Nothing : auth.ToArray();
    }

    /// <summary>Its <c>auth</c> payload: a JSON object, empty if it gave none.</summary>
    public ReadOnlyMemory<byte> AuthJson { get; }

    /// <summary>Who opened the connection, as far as the request that did so was authenticated.</summary>
    public ClaimsPrincipal User { get; }

    /// <summary>From where the connection was opened.</summary>
    public IPAddress? RemoteAddress { get; }

    /// <summary>Reads the <c>auth</c> payload.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public T? GetAuth<T>() => JsonSerializer.Deserialize(AuthJson.Span, (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T)));
}
