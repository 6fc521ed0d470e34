using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;

namespace Syncline.AspNetCore.Doors;

/// <summary>What the OpenAPI document says beside the signatures.</summary>
internal static class EndpointDocs
{
    /// <summary>The statuses that the endpoint answers as problems.</summary>
    public static RouteHandlerBuilder WithProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in statuses)
            endpoint.ProducesProblem(status);
        return endpoint;
    }

    /// <summary>The query parameters that the endpoint reads; all may be left out.</summary>
    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder endpoint, params string[] names) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            foreach (string name in names)
            {
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = name,
                    In = ParameterLocation.Query,
                    Required = false,
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                });
            }

            return Task.CompletedTask;
        });

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
