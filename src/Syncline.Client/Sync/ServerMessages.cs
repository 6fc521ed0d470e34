using System.Text.Json;
using System.Text.Json.Serialization;

namespace Syncline.Client.Sync;

internal sealed record PushAnswer(string Epoch, long Head, IReadOnlyList<PushResult> Results);

internal sealed record PushResult(string Status, long? Seq = null, string? Code = null, string? Detail = null);

internal sealed record ChangesRequest(string ClientId, IReadOnlyDictionary<string, SpaceCursor> Cursors, double Wait);

internal sealed record SpaceCursor(string? Epoch, long After);

internal sealed record ChangesAnswer(
    IReadOnlyList<ChangedSpace> Changed, IReadOnlyList<RemoteSpace> Added, IReadOnlyList<string> Removed);

internal sealed record ChangedSpace(string SpaceId, long Head, string? Code = null);

internal sealed record SpacesAnswer(IReadOnlyList<RemoteSpace> Spaces);

internal sealed record CreateSpaceRequest(string? Id, string Name);

internal sealed record CredentialsRequest(string UserName, string Password, string? DisplayName = null, string? Invite = null);

internal sealed record RefreshRequest(string RefreshToken);

internal sealed record LoginAnswer(UserAnswer User, string AccessToken, double ExpiresIn, string RefreshToken);

internal sealed record MeAnswer(UserAnswer User);

internal sealed record UserAnswer(string Id, string UserName, string? DisplayName = null);

internal sealed record BootstrapHeader(string Epoch, long Cursor, string Digest, long? Clock = null);

internal sealed record ProblemAnswer(string? Code = null, string? Detail = null, double? RetryAfter = null, string? Epoch = null, PreviousEpoch? Previous = null);

internal sealed record PreviousEpoch(string Epoch, long SharedUpTo);

/// <summary>What a Socket.IO server says first; times in milliseconds.</summary>
internal sealed record OpenPacket(double PingInterval, double PingTimeout);

/// <summary>The messages of the client.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PushAnswer))]
[JsonSerializable(typeof(ChangesRequest))]
[JsonSerializable(typeof(ChangesAnswer))]
[JsonSerializable(typeof(SpacesAnswer))]
[JsonSerializable(typeof(RemoteSpace))]
[JsonSerializable(typeof(CreateSpaceRequest))]
[JsonSerializable(typeof(CredentialsRequest))]
[JsonSerializable(typeof(RefreshRequest))]
[JsonSerializable(typeof(LoginAnswer))]
[JsonSerializable(typeof(MeAnswer))]
[JsonSerializable(typeof(BootstrapHeader))]
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(OpenPacket))]
internal sealed partial class ClientJson : JsonSerializerContext;
