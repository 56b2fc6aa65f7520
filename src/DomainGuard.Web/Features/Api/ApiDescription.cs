using System.Text;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DomainGuard.Web.Features.Api;

/// <summary>The OpenAPI document: made once, from the endpoints themselves.</summary>
internal sealed class ApiDescription([FromKeyedServices(ApiDescription.Name)] IOpenApiDocumentProvider provider)
{
    /// <summary>Name of the document.</summary>
    public const string Name = "v1";

    /// <summary>Where it is served, to everybody.</summary>
    public const string Path = ApiPipeline.Root + "/" + Name + "/openapi.json";

    private readonly Lazy<Task<(OpenApiDocument Document, byte[] Json)>> _made = new(() => MakeAsync(provider));

    /// <summary>The document.</summary>
    public async Task<OpenApiDocument> DocumentAsync() => (await _made.Value).Document;

    /// <summary>It as it is served: OpenAPI 3.1 in JSON, UTF-8.</summary>
    public async Task<byte[]> JsonAsync() => (await _made.Value).Json;

    /// <summary>Maps it.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, async (ApiDescription description) => TypedResults.Bytes(await description.JsonAsync(), "application/json")).AllowAnonymous();

    private static async Task<(OpenApiDocument, byte[])> MakeAsync(IOpenApiDocumentProvider provider)
    {
        var document = await provider.GetOpenApiDocumentAsync(CancellationToken.None);
        return (document, Encoding.UTF8.GetBytes((await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, CancellationToken.None)).ReplaceLineEndings("\n") + "\n"));
    }
}

/// <summary>What is said in the document beside what the endpoints' types say.</summary>
internal static class ApiDescribed
{
    private const string Key = "key";
    private const string Problem = "Problem";

    private static readonly ApiProblem[] OfAll =
    [
        ApiProblems.InvalidRequest, ApiProblems.KeyMissing, ApiProblems.KeyInvalid, ApiProblems.KeyExpired, ApiProblems.KeyRevoked, ApiProblems.ScopeMissing, ApiProblems.RateLimited, ApiProblems.TooManyFailures,
        ApiProblems.InternalError,
    ];

    private static readonly ApiProblem[] OfBodies = [ApiProblems.MalformedJson, ApiProblems.UnknownField, ApiProblems.TooDeep, ApiProblems.BodyTooLarge, ApiProblems.UnsupportedMediaType];

    private static readonly ApiProblem[] OfIdempotency = [ApiProblems.IdempotencyInProgress, ApiProblems.IdempotencyUnknown, ApiProblems.IdempotencyKeyReused];

    // Of parameters that are bound by their name alone.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["accountId"] = "The platform's id of the account.",
        ["name"] = "The domain, in A-labels or Unicode.",
        ["id"] = "As the answer named itself.",
        ["scanId"] = "Number of the scan.",
        ["webhookId"] = "Id of the receiver.",
        ["deliveryId"] = "Number of the delivery.",
        ["caseId"] = "Number of the case.",
        ["mode"] = "full: accounts that are not named are retired; partial: what is not named stays.",
        ["dryRun"] = "true: it is compared and reported, and nothing is written.",
        ["keepGood"] = "true: where lines are rejected the others are taken; else nothing is written.",
        ["allowRemovals"] = "true: a full list may retire more than a tenth of the accounts.",
    };

    /// <summary>Registers the document.</summary>
    public static void Add(IServiceCollection services)
    {
        var types = new Dictionary<string, Type>(StringComparer.Ordinal);
        services.AddOpenApi(ApiDescription.Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.ShouldInclude = d => d.ActionDescriptor.EndpointMetadata.OfType<ApiEndpointMark>().Any();
            options.CreateSchemaReferenceId = info =>
            {
                var id = OpenApiOptions.CreateDefaultSchemaReferenceId(info) is { } usual ? usual.Replace("ApiListOf", "ListOf", StringComparison.Ordinal).Replace(nameof(ApiProblemBody), Problem, StringComparison.Ordinal) : null;
                if (id is not null)
                {
                    types[id] = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
                }

                return id;
            };
            options.AddSchemaTransformer((schema, context, _) =>
            {
                if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type) == typeof(DateTimeOffset))
                {
                    (schema.Type, schema.Format) = (JsonSchemaType.String | (context.JsonTypeInfo.Type == typeof(DateTimeOffset) ? default : JsonSchemaType.Null), "date-time");
                }

                // A word of an enumeration is described once, and null where it may be null.
                schema.Enum = schema.Enum is { } words ? [.. words.Where(w => w is not null)] : null;
                return Task.CompletedTask;
            });
            options.AddOperationTransformer(DescribeAsync);
            options.AddDocumentTransformer((document, _, _) =>
            {
                Describe(document, types);
                return Task.CompletedTask;
            });
        });
        services.AddSingleton<ApiDescription>();
    }

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancel)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var document = context.Document!;
        if (document.Components?.Schemas?.ContainsKey(Problem) != true)
        {
            document.AddComponent(Problem, await context.GetOrCreateSchemaAsync(typeof(ApiProblemBody), null, cancel));
        }

        var scope = metadata.OfType<IAuthorizeData>().Select(a => a.Policy).OfType<string>().Single();
        operation.Description = $"Scope: `{scope}`.";
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Key, document)] = [scope] }];

        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters)
        {
            parameter.Description ??= Parameters.GetValueOrDefault(parameter.Name!);
        }

        foreach (var parameter in metadata.OfType<ApiParameter>())
        {
            operation.Parameters.Add(new OpenApiParameter { Name = parameter.Name, In = ParameterLocation.Query, Description = parameter.Description, Schema = SchemaOf(parameter), Explode = parameter.Kind != ApiParameterKind.Words });
        }

        var isIdempotent = metadata.OfType<ApiIdempotencyMark>().Any();
        foreach (var header in metadata.OfType<ApiHeader>().Concat(isIdempotent
            ? [new ApiHeader(ApiIdempotency.Header, false, $"1 to {ApiIdempotency.Longest} visible ASCII characters, such as a UUID. Sent again with the same request within 24 hours, it gives the answer that was given.")] : []))
        {
            operation.Parameters.Add(new OpenApiParameter { Name = header.Name, In = ParameterLocation.Header, Required = header.IsRequired, Description = header.Description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
        }

        var hasJson = operation.RequestBody?.Content?.ContainsKey("application/json") == true;
        if (hasJson && metadata.OfType<ApiExample>().FirstOrDefault() is { } example)
        {
            operation.RequestBody!.Content!["application/json"].Example = example.Node;
        }

        foreach (var response in operation.Responses!.Values.OfType<OpenApiResponse>())
        {
            response.Headers = Headers(
                [
                    .. metadata.OfType<ApiAnswerHeader>(), .. isIdempotent ? [new ApiAnswerHeader(ApiIdempotency.Replayed, "\"true\": the answer was given before, to the same Idempotency-Key.")] : (ApiAnswerHeader[])[],
                    new ApiAnswerHeader("RateLimit", "What is left of the key's share: r requests, whole again in t seconds."), new ApiAnswerHeader("RateLimit-Policy", "The key's share: q requests in w seconds."),
                ]);
        }

        foreach (var problems in OfAll.Concat(hasJson ? OfBodies : []).Concat(isIdempotent ? OfIdempotency : []).Concat(metadata.OfType<ApiKnownProblems>().SelectMany(p => p.Problems)).Concat(metadata.OfType<ApiParameter>().Any() ? [ApiProblems.InvalidCursor] : [])
            .Concat(context.Description.RelativePath?.Contains('{', StringComparison.Ordinal) == true ? [ApiProblems.NotFound] : [])
            .Distinct().GroupBy(p => p.Status).OrderBy(g => g.Key))
        {
            operation.Responses[problems.Key.ToString(System.Globalization.CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = string.Join(" ", problems.OrderBy(p => p.Code, StringComparer.Ordinal).Select(p => $"`{p.Code}`: {p.Title}")),
                Headers = problems.Key == StatusCodes.Status429TooManyRequests || problems.Any(p => p == ApiProblems.ImportRunning || p == ApiProblems.IdempotencyInProgress)
                    ? Headers([new ApiAnswerHeader("Retry-After", "Seconds to wait.")]) : null,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(Problem, document) } },
            };
        }
    }

    private static void Describe(OpenApiDocument document, Dictionary<string, Type> types)
    {
        document.Info = new OpenApiInfo
        {
            Title = "DomainGuard",
            Version = ApiDescription.Name,
            Description = "May a recovery mail be sent to this address, now? And what stands behind the answer: accounts, domains, scans, cases, the audit trail. Every failure is a problem (RFC 9457); lists are "
                + "read page by page, by cursor; writes take an Idempotency-Key.",
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Key] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "dgk_ and 43 characters", Description = "A key of the API, made by an administrator on the page API keys. It has scopes; each operation names the one that it needs." },
        };
        var comments = new XmlComments(typeof(ApiDescription).Assembly, typeof(GuardDb).Assembly, typeof(DomainName).Assembly);
        foreach (var (id, schema) in document.Components.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (types.TryGetValue(id, out var type) && schema is OpenApiSchema own)
            {
                own.Description = comments.Of(type) ?? own.Description;
                foreach (var (name, property) in own.Properties ?? new Dictionary<string, IOpenApiSchema>())
                {
                    property.Description = comments.Of(type, char.ToUpperInvariant(name[0]) + name[1..]) ?? property.Description;
                }
            }
        }
    }

    private static OpenApiSchema SchemaOf(ApiParameter parameter) => parameter.Kind switch
    {
        ApiParameterKind.Word => new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. parameter.Known!] },
        ApiParameterKind.Words => new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. parameter.Known!] } },
        ApiParameterKind.Flag => new OpenApiSchema { Type = JsonSchemaType.Boolean },
        ApiParameterKind.Number => new OpenApiSchema
        {
            Type = JsonSchemaType.Integer,
            Format = "int64",
            Minimum = parameter.Least.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Maximum = parameter.Most == long.MaxValue ? null : parameter.Most.ToString(System.Globalization.CultureInfo.InvariantCulture),
        },
        ApiParameterKind.Instant => new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" },
        _ => new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = (int)parameter.Most },
    };

    private static Dictionary<string, IOpenApiHeader> Headers(IEnumerable<ApiAnswerHeader> headers) =>
        headers.ToDictionary(h => h.Name, h => (IOpenApiHeader)new OpenApiHeader { Description = h.Description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
}
