using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DomainGuard.Core.Audit;

/// <summary>
/// The form of JSON that is hashed: RFC 8785 (JCS) for objects whose values are strings, integers below 2^53, booleans, null or such objects. Keys in
/// ordinal order of their UTF-16 units, no white space, no escape but those that JSON needs; nulls are left out.
/// </summary>
public static class CanonicalJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The text of an object, or null when it has no field with a value.</summary>
    /// <exception cref="ArgumentException">A value is of another kind than named above.</exception>
    public static string? Of(IEnumerable<KeyValuePair<string, object?>> fields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            if (Write(writer, fields) == 0)
            {
                return null;
            }
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static int Write(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, object?>> fields)
    {
        writer.WriteStartObject();
        var count = 0;
        foreach (var (name, value) in fields.Where(f => f.Value is not null).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            count++;
            writer.WritePropertyName(name);
            switch (value)
            {
                case string text:
                    writer.WriteStringValue(text);
                    break;
                case bool flag:
                    writer.WriteBooleanValue(flag);
                    break;
                case int number:
                    writer.WriteNumberValue(number);
                    break;
                case long number:
                    writer.WriteNumberValue(number);
                    break;
                case Enum word:
                    writer.WriteStringValue(word.ToString());
                    break;
                case DateTimeOffset at:
                    writer.WriteStringValue(Instant(at));
                    break;
                case IEnumerable<KeyValuePair<string, object?>> nested:
                    Write(writer, nested);
                    break;
                default:
                    throw new ArgumentException($"Field '{name}' holds a {value!.GetType().Name}, which has no canonical form.", nameof(fields));
            }
        }

        writer.WriteEndObject();
        return count;
    }

    /// <summary>An instant as RFC 3339 in UTC with six decimals: what every database of ours keeps.</summary>
    public static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
