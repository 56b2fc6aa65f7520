using System.Globalization;
using DomainGuard.Core.Addresses;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Reads the fields of a row, the same for both formats. The first thing that is wrong is kept; a row with a problem is rejected. Dates are RFC 3339 with an offset: a date
/// without one could be off by a day, and "verified at" decides.
/// </summary>
internal struct ImportFields(DateTimeOffset now)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromDays(1);

    public string? Field { get; private set; }

    public string? Reason { get; private set; }

    public string? Text(string field, string? value, int maxLength, bool required = false)
    {
        var text = value?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            if (required)
            {
                Reject(field, "is missing");
            }

            return null;
        }

        if (text.Length > maxLength)
        {
            Reject(field, $"is longer than {maxLength} characters");
            return null;
        }

        if (text.AsSpan().IndexOfAnyInRange('\0', '\u001F') >= 0)
        {
            Reject(field, "holds a control character");
            return null;
        }

        return text;
    }

    public DateTimeOffset? Instant(string field, string? value, bool isPast)
    {
        var text = value?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (!HasOffset(text) || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant))
        {
            Reject(field, "is no RFC 3339 date with an offset, such as 2026-01-31T12:00:00Z");
            return null;
        }

        if (isPast && instant > now + Tolerance)
        {
            Reject(field, "lies in the future");
            return null;
        }

        if (instant.Year < 1970)
        {
            Reject(field, "lies before 1970");
            return null;
        }

        return instant.ToUniversalTime();
    }

    public bool? Flag(string field, string? value)
    {
        var text = value?.Trim();
        switch (text?.ToUpperInvariant())
        {
            case null or "":
                return null;
            case "TRUE" or "1" or "YES" or "Y" or "T":
                return true;
            case "FALSE" or "0" or "NO" or "N" or "F":
                return false;
            default:
                Reject(field, "is neither true nor false");
                return null;
        }
    }

    public long? Number(string field, string? value)
    {
        var text = value?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            Reject(field, "is no whole number of 0 or more");
        }

        return number;
    }

    public EmailAddress? Email(string field, string? value)
    {
        if (EmailAddress.TryParse(value, PublicSuffixList.Shipped, out var address, out var error))
        {
            return address;
        }

        Reject(field, error);
        return null;
    }

    public void Reject(string field, string reason)
    {
        if (Field is null)
        {
            (Field, Reason) = (field, reason);
        }
    }

    private static bool HasOffset(string text) => text.Length >= 16 && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-' && text[^3] == ':');
}
