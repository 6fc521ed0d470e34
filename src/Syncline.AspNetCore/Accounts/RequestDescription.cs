using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Says in the OpenAPI document what a body is.</summary>
internal static class RequestDescription
{
    /// <summary>
    /// The body is JSON of this type. It stands in the document only: <c>Accepts</c> would have routing refuse other content types, before
    /// the doors and without a problem, and <c>application/*+json</c> with them.
    /// </summary>
    public static RouteHandlerBuilder TakesJson<T>(this RouteHandlerBuilder builder) =>
        builder.AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
        {
            IOpenApiSchema schema = await context.GetOrCreateSchemaAsync(typeof(T), null, cancellationToken);
            if (context.Document is { } document)
            {
                document.AddComponent(typeof(T).Name, (OpenApiSchema)schema);
                schema = new OpenApiSchemaReference(typeof(T).Name, document);
            }

            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/json"] = new() { Schema = schema },
                },
            };
        });
}
