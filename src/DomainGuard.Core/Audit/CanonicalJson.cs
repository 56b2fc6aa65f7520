using System.Text;

namespace DomainGuard.Core.Audit;

/// <summary>
/// The form of JSON that is hashed: RFC 8785 (JCS) for objects whose values are strings, integers below 2^53, booleans, null or such objects. Keys in
/// ordinal order of their UTF-16 units, no white space, no escape but those that JSON needs; nulls are left out.
/// </summary>
public static class CanonicalJson
{
    /// <summary>The text of an object, or null when it has no field with a value.</summary>
    /// <exception cref="ArgumentException">A value is of another kind than named above.</exception>
    public static string? Of(IEnumerable<KeyValuePair<string, object?>> fields)
    {
        var writer = new CanonicalJsonWriter();
        return Write(writer, fields, null) == 0 ? null : Encoding.UTF8.GetString(writer.Written);
    }

    /// <summary>An instant as RFC 3339 in UTC with six decimals: what every database of ours keeps.</summary>
    public static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static int Write(CanonicalJsonWriter writer, IEnumerable<KeyValuePair<string, object?>> fields, string? name)
    {
        if (name is null)
        {
            writer.Begin();
        }
        else
        {
            writer.BeginNested(name);
        }

        var count = 0;
        foreach (var (field, value) in fields.Where(f => f.Value is not null).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            count++;
            Write(writer, field, value!);
        }

        writer.End();
        return count;
    }

    private static void Write(CanonicalJsonWriter writer, string name, object value)
    {
        switch (value)
        {
            case string text:
                writer.Text(name, text);
                break;
            case bool flag:
                writer.Flag(name, flag);
                break;
            case int number:
                writer.Number(name, number);
                break;
            case long number:
                writer.Number(name, number);
                break;
            case Enum word:
                writer.Text(name, word.ToString());
                break;
            case DateTimeOffset at:
                writer.Instant(name, at);
                break;
            case IEnumerable<KeyValuePair<string, object?>> nested:
                Write(writer, nested, name);
                break;
            default:
                throw new ArgumentException($"Field '{name}' holds a {value.GetType().Name}, which has no canonical form.", nameof(value));
        }
    }
}
