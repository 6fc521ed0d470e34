using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Syncline.Core.Json;

namespace Syncline.Core.Operations;

/// <summary>
/// Where operations enter: everything that can be judged without the state of a space is judged here, once, and trusted from then on.
/// Either an operation or a refusal comes back, never an exception.
/// </summary>
public sealed class OperationReader(IReadOnlyList<IModel> models, OperationLimits limits)
{
    private const int KeyBytesMax = 256;
    private const int TxLengthMax = 128;

    private static readonly OpaqueModel Opaque = new();

    private readonly FrozenDictionary<string, IModel> _models = models
        .SelectMany(model => model.Scopes.Select(scope => KeyValuePair.Create(scope.Value, model)))
        .DistinctBy(one => one.Key, StringComparer.Ordinal)
        .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The model that gives <paramref name="scope"/> its meaning; the opaque one when no other claims it.</summary>
    public IModel ModelOf(Scope scope) => _models.TryGetValue(scope.Value, out IModel? model) ? model : Opaque;

    /// <summary>Reads an operation of the native protocol: <c>{scope,resourceId,actor,clock,payload,tx?,key?}</c>.</summary>
    /// <param name="json">One well-formed JSON value of any kind. The operation keeps a copy of its payload, not this memory.</param>
    public Reading Read(ReadOnlySpan<byte> json)
    {
        OperationId none = default;
        return Read(json, ref none);
    }

    /// <summary>As <see cref="Read(ReadOnlySpan{byte})"/>, for one operation after the other of one request.</summary>
    /// <param name="json">One well-formed JSON value of any kind.</param>
    /// <param name="last">
    /// The identity of the operation read before; replaced by this one's. Neighbours mostly share scope, resource and actor: those are then
    /// the same texts, neither made nor checked again.
    /// </param>
    public Reading Read(ReadOnlySpan<byte> json, ref OperationId last)
    {
        Reading reading = ReadEnvelope(json, Members.All, ref last);
        return reading.Refusal is { } refusal ? Reading.Of(refusal, TxOf(json)) : reading;
    }

    /// <summary>As <see cref="Read(ReadOnlySpan{byte},ref OperationId)"/>, in the words of a protocol without groups and keys: <c>tx</c> and <c>key</c> are members like any that nobody knows.</summary>
    /// <param name="json">One well-formed JSON value of any kind.</param>
    /// <param name="last">As there.</param>
    public Reading ReadAlone(ReadOnlySpan<byte> json, ref OperationId last) => ReadEnvelope(json, Members.All & ~(Members.Tx | Members.Key), ref last);

    private Reading ReadEnvelope(ReadOnlySpan<byte> json, Members known, ref OperationId last)
    {
        Utf8JsonReader reader = new(json, JsonNormalForm.AnyDepth);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return Refuse("an operation is an object");

        string? scopeText = null;
        string? resourceText = null;
        string? actorText = null;
        string? key = null;
        string? tx = null;
        ReadOnlySpan<byte> payload = default;
        JsonNumber.IntegerKind? clockKind = null;
        long clock = 0;
        Members seen = Members.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Members member = MemberOf(ref reader) & known;
            if ((seen & member) != 0)
                return Refuse($"the member {Name(member)} is repeated");
            seen |= member;
            reader.Read();
            switch (member)
            {
                case Members.Clock:
                    if (reader.TokenType != JsonTokenType.Number)
                        return Refuse("clock is not a number");
                    clockKind = JsonNumber.ReadInteger(reader.ValueSpan, out clock);
                    break;
                case Members.Payload:
                    int start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    payload = json[start..(int)reader.BytesConsumed];
                    break;
                case Members.None:
                    reader.Skip();
                    break;
                default:
                    if (reader.TokenType == JsonTokenType.Null && member is Members.Tx or Members.Key)
                        break;
                    string? text = IsAgain(ref reader, member, last);
                    if (text is null && (reader.TokenType != JsonTokenType.String || !JsonStrings.TryGetText(ref reader, out text)))
                        return Refuse($"{Name(member)} is not a text");
                    switch (member)
                    {
                        case Members.Scope: scopeText = text; break;
                        case Members.ResourceId: resourceText = text; break;
                        case Members.Actor: actorText = text; break;
                        case Members.Key: key = text; break;
                        case Members.Tx: tx = text; break;
                    }

                    break;
            }
        }

        const Members Required = Members.Scope | Members.ResourceId | Members.Actor | Members.Clock | Members.Payload;
        if ((seen & Required) != Required)
            return Refuse($"the member {Name(LowestOf(Required & ~seen))} is missing");
        (Scope scope, ResourceId resourceId, ActorId actor) = (last.Scope, last.ResourceId, last.Actor);
        if (!ReferenceEquals(scopeText, scope.Value) && !Scope.TryParse(scopeText, out scope))
            return Refuse("scope is no valid scope");
        if (!ReferenceEquals(resourceText, resourceId.Value) && !ResourceId.TryParse(resourceText, out resourceId))
            return Refuse("resourceId is no valid id");
        if (!ReferenceEquals(actorText, actor.Value) && !ActorId.TryParse(actorText, out actor))
            return Refuse("actor is no valid id");
        if (clockKind == JsonNumber.IntegerKind.NotAnInteger)
            return Refuse("clock is not an integer");
        if (tx is not null && tx.Length is 0 or > TxLengthMax)
            return Refuse($"tx has 1 to {TxLengthMax} characters");
        last = new OperationId(scope, resourceId, actor, clock);
        return Create(last, payload, key, tx, allowTransient: false);
    }

    // The text of the operation before, when this one has the same.
    private static string? IsAgain(ref Utf8JsonReader reader, Members member, in OperationId last)
    {
        string? known = member switch
        {
            Members.Scope => last.Scope.Value,
            Members.ResourceId => last.ResourceId.Value,
            Members.Actor => last.Actor.Value,
            _ => null,
        };
        return known is not null && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && Ascii.Equals(reader.ValueSpan, known)
            ? known
            : null;
    }

    /// <summary>Makes an operation whose identity a door has read from elsewhere than the native envelope.</summary>
    /// <param name="id">All its ids are valid.</param>
    /// <param name="payload">One well-formed JSON value.</param>
    /// <param name="key">What a later operation with the same key supersedes; only in opaque scopes.</param>
    /// <param name="tx">The group within its request.</param>
    /// <param name="allowTransient">Whether this door takes operations that are not to be stored.</param>
    public Reading Create(in OperationId id, ReadOnlySpan<byte> payload, string? key, string? tx, bool allowTransient)
    {
        int keyBytes = key is null ? 0 : Encoding.UTF8.GetByteCount(key);
        if (payload.Length + keyBytes > limits.BytesMax)
            return Reading.Of(new Refusal(ErrorCodes.PayloadTooLarge, $"the operation is larger than {limits.BytesMax} bytes"), tx);

        // The JSON reader lets any bytes stand inside a text; delivered as they are, they would break every other client's parser.
        if (!Utf8.IsValid(payload))
            return Reading.Of(new Refusal(ErrorCodes.InvalidOperation, "the payload is not UTF-8"), tx);
        if (JsonNormalForm.Check(payload, limits.DepthMax) is { } malformed)
            return Reading.Of(malformed, tx);

        IModel model = ModelOf(id.Scope);
        if (key is not null && (keyBytes is 0 or > KeyBytesMax || model is not OpaqueModel))
            return Reading.Of(new Refusal(ErrorCodes.InvalidOperation, $"key is 1 to {KeyBytesMax} bytes, and only in opaque scopes"), tx);

        JsonText text = new(payload.ToArray());
        if (model.Read(id, text, out IModel.Reading content) is { } refusal)
            return Reading.Of(refusal, tx);
        if (content.IsTransient && !allowTransient)
            return Reading.Of(new Refusal(ErrorCodes.InvalidOperation, "a transient operation cannot be pushed to the log"), tx);
        return new Reading(
            new Operation
            {
                Id = id,
                Payload = text,
                Key = key,
                Tx = tx,
                Hash = HashOf(content.PayloadHash, key),
                Content = content.Content,
                IsTransient = content.IsTransient,
            },
            Refusal: null,
            tx);
    }

    /// <summary>Adds to an operation from the log what its model reads from it. What is in the log is law: it is not judged again.</summary>
    public void ReadContent(Operation stored)
    {
        if (stored.Content is null)
            stored.KeepContent(ModelOf(stored.Id.Scope).ReadContent(stored.Id, stored.Payload));
    }

    // A refused operation still blocks its group, so its group is read even where the rest is not readable.
    private static string? TxOf(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, JsonNormalForm.AnyDepth);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isTx = JsonStrings.NameIs(ref reader, "tx"u8);
            reader.Read();
            if (isTx)
                return reader.TokenType == JsonTokenType.String && JsonStrings.TryGetText(ref reader, out string? tx) ? tx : null;
            reader.Skip();
        }

        return null;
    }

    /// <summary>The hash of an operation from its payload's and its key.</summary>
    private static ulong HashOf(ulong payloadHash, string? key) =>
        key is null ? payloadHash : JsonNormalForm.Combine(payloadHash, JsonNormalForm.HashText(key));

    private static Reading Refuse(string detail) => Reading.Of(new Refusal(ErrorCodes.InvalidOperation, detail), tx: null);

    private static Members MemberOf(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            return name.Length switch
            {
                2 when name.SequenceEqual("tx"u8) => Members.Tx,
                3 when name.SequenceEqual("key"u8) => Members.Key,
                5 when name.SequenceEqual("scope"u8) => Members.Scope,
                5 when name.SequenceEqual("actor"u8) => Members.Actor,
                5 when name.SequenceEqual("clock"u8) => Members.Clock,
                7 when name.SequenceEqual("payload"u8) => Members.Payload,
                10 when name.SequenceEqual("resourceId"u8) => Members.ResourceId,
                _ => Members.None,
            };
        }

        if (JsonStrings.NameIs(ref reader, "scope"u8))
            return Members.Scope;
        if (JsonStrings.NameIs(ref reader, "resourceId"u8))
            return Members.ResourceId;
        if (JsonStrings.NameIs(ref reader, "actor"u8))
            return Members.Actor;
        if (JsonStrings.NameIs(ref reader, "clock"u8))
            return Members.Clock;
        if (JsonStrings.NameIs(ref reader, "payload"u8))
            return Members.Payload;
        if (JsonStrings.NameIs(ref reader, "tx"u8))
            return Members.Tx;
        return JsonStrings.NameIs(ref reader, "key"u8) ? Members.Key : Members.None;
    }

    private static Members LowestOf(Members members) => (Members)((int)members & -(int)members);

    private static string Name(Members member) => member == Members.ResourceId ? "resourceId" : member.ToString().ToLowerInvariant();

    [Flags]
    private enum Members
    {
        None = 0,
        Scope = 1,
        ResourceId = 2,
        Actor = 4,
        Clock = 8,
        Payload = 16,
        Tx = 32,
        Key = 64,
        All = Scope | ResourceId | Actor | Clock | Payload | Tx | Key,
    }

    /// <summary>An operation, or why there is none; and the group it was sent in, as far as that could be read.</summary>
    public readonly record struct Reading(Operation? Operation, Refusal? Refusal, string? Tx)
    {
        internal static Reading Of(Refusal refusal, string? tx) => new(Operation: null, refusal, tx);
    }
}
