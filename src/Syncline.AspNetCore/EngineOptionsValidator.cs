using Microsoft.Extensions.Options;
using Syncline.Engine;

namespace Syncline.AspNetCore;

[OptionsValidator]
internal sealed partial class EngineOptionsValidator : IValidateOptions<EngineOptions>;
