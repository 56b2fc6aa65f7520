using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace DomainGuard.Web.Features.Api;

/// <summary>How large a body may be; the last one on an endpoint holds.</summary>
/// <param name="MaxRequestBodySize">Bytes; null for no limit but the endpoint's own.</param>
internal sealed record ApiBodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata
{
    /// <summary>What holds unless an endpoint says otherwise: 1 MiB.</summary>
    public static ApiBodyLimit Usual { get; } = new(1024 * 1024);
}

/// <summary>A JSON body, read strictly: an endpoint of the group takes it as a parameter. What is wrong with it is a problem before the endpoint begins.</summary>
/// <typeparam name="T">What it holds.</typeparam>
/// <param name="Value">It.</param>
internal sealed record ApiBody<T>(T Value) : IEndpointParameterMetadataProvider
    where T : class
{
    /// <summary>For minimal API parameters.</summary>
    public static async ValueTask<ApiBody<T>?> BindAsync(HttpContext context)
    {
        // JSON is UTF-8 (RFC 8259, 8.1).
        if (MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) && type.Charset is { Length: > 0 } charset && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw new ApiProblemException(ApiProblems.UnsupportedMediaType with { Detail = "The body must be UTF-8." });
        }

        // As far as the endpoint's limit lets it: beyond, and where it ends early, BadHttpRequestException.
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        context.Features.Set(ApiBodyHash.Of(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
        return new ApiBody<T>(context.RequestServices.GetRequiredService<ApiBodyReader>().Read<T>(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T), isOptional: false));
}

/// <summary>The sum of a body that was read, by which a request is known again.</summary>
/// <param name="Value">SHA-256.</param>
internal sealed record ApiBodyHash(byte[] Value)
{
    /// <summary>Of a body.</summary>
    public static ApiBodyHash Of(ReadOnlySpan<byte> body) => new(SHA256.HashData(body));
}

/// <summary>Reads bodies strictly.</summary>
internal sealed class ApiBodyReader(IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json)
{
    private const string NotMapped = "could not be mapped to any .NET member";
    private readonly JsonSerializerOptions _options = ApiJson.ForRequests(json.Value.SerializerOptions);

    /// <summary>Reads one.</summary>
    /// <exception cref="ApiProblemException">What is wrong with it.</exception>
    public T Read<T>(ReadOnlySpan<byte> bytes)
        where T : class
    {
        Walk(bytes);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, _options) ?? throw new ApiProblemException(ApiProblems.InvalidRequest with { Detail = "The body is null." });
        }
        catch (JsonException e)
        {
            throw new ApiProblemException(Of(e));
        }
    }

    // The whole text is looked at first, so that what is said of it does not depend on how far a field was read.
    private static void Walk(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = ApiJson.MaxDepth + 1 });
            while (reader.Read())
            {
                if (reader.CurrentDepth >= ApiJson.MaxDepth && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    throw new ApiProblemException(ApiProblems.TooDeep);
                }

                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                {
                    _ = reader.GetString();
                }
            }
        }
        catch (JsonException e)
        {
            throw new ApiProblemException(ApiProblems.MalformedJson with { Detail = $"Line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}." });
        }
        catch (InvalidOperationException)
        {
            throw new ApiProblemException(ApiProblems.MalformedJson with { Detail = "A text is not valid UTF-8." });
        }
    }

    private static ApiProblem Of(JsonException e)
    {
        var field = e.Path is { Length: > 1 } path ? path.TrimStart('$').TrimStart('.') : "";
        var isUnknown = e.Message.Contains(NotMapped, StringComparison.Ordinal);
        var problem = isUnknown ? ApiProblems.UnknownField : ApiProblems.InvalidRequest;
        var words = isUnknown ? "It is not known here." : "It is missing, of the wrong kind or given twice.";
        return problem with { Errors = new Dictionary<string, IReadOnlyList<string>> { [Shorten(field)] = [words] }, Detail = field.Length == 0 ? words : $"{Shorten(field)}: {words}" };
    }

    // Names of fields are the caller's words.
    private static string Shorten(string field) => field.Length <= 100 ? field : string.Concat(field.EnumerateRunes().Take(100).Aggregate(new StringBuilder(), (b, r) => b.Append(r)).ToString(), "…");
}
