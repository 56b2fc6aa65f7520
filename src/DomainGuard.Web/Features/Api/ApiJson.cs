using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Web.Features.Api;

/// <summary>How the API writes and reads JSON.</summary>
internal static class ApiJson
{
    /// <summary>Levels that a body may be nested.</summary>
    internal const int MaxDepth = 16;

    /// <summary>What holds for answers.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.Converters.Add(new UtcConverter());
        options.Converters.Add(new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false));
        options.NumberHandling = JsonNumberHandling.Strict;
    }

    /// <summary>What holds for requests besides: nothing that is not known is passed over.</summary>
    public static JsonSerializerOptions ForRequests(JsonSerializerOptions options) => new(options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        PropertyNameCaseInsensitive = false,
        MaxDepth = MaxDepth,
    };

    /// <summary>Instants: RFC 3339 in UTC; read only with an offset, for what has none means another moment on every machine.</summary>
    private sealed class UtcConverter : JsonConverter<DateTimeOffset>
    {
        private const string Form = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";

        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryRead(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var instant) ? instant : throw new JsonException("No instant in the form of RFC 3339, such as 2026-03-01T00:00:00Z.");

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
        {
            Span<char> text = stackalloc char[40];
            value.UtcDateTime.TryFormat(text, out var length, Form, CultureInfo.InvariantCulture);
            writer.WriteStringValue(text[..length]);
        }
    }

    /// <summary>Reads an instant with its offset.</summary>
    internal static bool TryRead(string? text, out DateTimeOffset instant)
    {
        instant = default;
        return text is { Length: >= 20 and <= 40 } && text[10] is 'T' or 't' && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out instant);
    }
}
