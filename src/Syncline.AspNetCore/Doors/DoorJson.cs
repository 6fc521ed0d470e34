using System.Text.Json;
using System.Text.Json.Serialization;
using Syncline.AspNetCore.Doors.Log;
using Syncline.AspNetCore.Doors.Spaces;
using Syncline.AspNetCore.Doors.Trees;

namespace Syncline.AspNetCore.Doors;

/// <summary>The messages of the doors.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChangesAnswer))]
[JsonSerializable(typeof(SpaceAnswer))]
[JsonSerializable(typeof(SpacesAnswer))]
[JsonSerializable(typeof(MemberAnswer))]
[JsonSerializable(typeof(MembersAnswer))]
[JsonSerializable(typeof(ClientsAnswer))]
[JsonSerializable(typeof(TreesAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
internal sealed partial class DoorJson : JsonSerializerContext;
