using System.Data.Common;
using System.Globalization;

namespace DomainGuard.Web.Features.Sync;

/// <summary>
/// Values of three databases as the text that a file would hold, so that one set of rules reads both. An instant without zone is UTC, a date its first moment in UTC.
/// </summary>
internal static class SqlText
{
    private const string WithZone = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    /// <summary>The text of a cell; null when there is no value, or when <paramref name="problem"/> says why it cannot be read.</summary>
    /// <param name="reader">Stands on a row.</param>
    /// <param name="place">The column.</param>
    /// <param name="problem">What is wrong with it; null when nothing is.</param>
    /// <param name="isInstant">Text in this column is an instant: one without zone is in UTC.</param>
    public static string? Of(DbDataReader reader, int place, out string? problem, bool isInstant = false)
    {
        problem = null;
        try
        {
            if (reader.IsDBNull(place))
            {
                return null;
            }

            switch (Value(reader, place))
            {
                case string text:
                    return isInstant ? Zoned(text) : text;
                case bool flag:
                    return flag ? "true" : "false";
                case DateTime at:
                    return (at.Kind == DateTimeKind.Local ? at.ToUniversalTime() : at).ToString(WithZone, CultureInfo.InvariantCulture);
                case DateTimeOffset at:
                    return at.UtcDateTime.ToString(WithZone, CultureInfo.InvariantCulture);
                case DateOnly day:
                    return day.ToDateTime(TimeOnly.MinValue).ToString(WithZone, CultureInfo.InvariantCulture);
                case Guid id:
                    return id.ToString("D");
                case IFormattable whole when whole is byte or short or int or long:
                    return whole.ToString(null, CultureInfo.InvariantCulture);
                case decimal number:
                    // A sum is a decimal with zeros behind the point; cut, it is the whole number that it means.
                    return number.ToString("0.#############################", CultureInfo.InvariantCulture);
                case double number:
                    return number.ToString(Math.Abs(number) < 1e15 ? "0.###############" : "R", CultureInfo.InvariantCulture);
                case float number:
                    return number.ToString("0.#######", CultureInfo.InvariantCulture);
                case var other:
                    problem = $"has a type that cannot be read ({other.GetType().Name}); cast it to text in the query";
                    return null;
            }
        }
        catch (Exception e) when (e is InvalidCastException or OverflowException or FormatException or NotSupportedException or ArgumentException)
        {
            problem = "holds a value that cannot be read; cast it to text in the query";
            return null;
        }
    }

    private static object Value(DbDataReader reader, int place)
    {
        try
        {
            return reader.GetValue(place);
        }
        catch (InvalidCastException)
        {
            // An enumeration of PostgreSQL, which the driver knows as text only.
            return reader.GetString(place);
        }
    }

    /// <summary>What SQLite and PostgreSQL print, <c>2026-01-31 12:00:00.5</c> or <c>2026-01-31</c>, with the zone it lacks; anything else as it is, for the rules to judge.</summary>
    private static string Zoned(string value)
    {
        var text = value.AsSpan().Trim();
        return text.Length == 10 && IsDay(text) ? $"{text}T00:00:00Z"
            : text.Length >= 19 && IsDay(text[..10]) && text[13] == ':' && text[16] == ':' && text[19..].IndexOfAnyExceptInRange('.', '9') < 0 ? $"{text}Z"
            : value;
    }

    private static bool IsDay(ReadOnlySpan<char> text) => text[4] == '-' && text[7] == '-' && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[9]);
}
