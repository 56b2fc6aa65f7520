using System.Globalization;
using DomainGuard.Core.Addresses;
using DomainGuard.Data.Accounts;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Reads the fields of a row, the same for both formats. The first thing that is wrong is kept; a row with a problem is rejected. Dates are RFC 3339 with an offset: a date
/// without one could be off by a day, and "verified at" decides.
/// </summary>
internal struct ImportFields(DateTimeOffset now)
{
    // Clocks differ and files are made in other zones; more than a day is a mistake, and a "verified at" in the future would vouch for a holder who is not there yet.
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

    /// <summary>A moment of the past.</summary>
    public DateTimeOffset? Instant(string field, string? value)
    {
        var text = value.AsSpan().Trim();
        if (text.IsEmpty)
        {
            return null;
        }

        if (!TryInstant(text, out var instant))
        {
            Reject(field, "is no RFC 3339 date with an offset, such as 2026-01-31T12:00:00Z");
            return null;
        }

        if (instant > now + Tolerance)
        {
            Reject(field, "lies in the future");
            return null;
        }

        if (instant.Year < 1970)
        {
            Reject(field, "lies before 1970");
            return null;
        }

        return instant;
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
        var text = value.AsSpan().Trim();
        if (text.IsEmpty)
        {
            return null;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            Reject(field, "is no whole number of 0 or more");
        }

        return number;
    }

    public ClaimProof Proof(string field, string? value)
    {
        if (ClaimProofs.Of(value) is not { } proof)
        {
            Reject(field, "is none of none, session and second_factor");
            return ClaimProof.None;
        }

        return proof;
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

    /// <summary>
    /// RFC 3339 5.6, and what PostgreSQL prints: a space for the T, an offset of hours only. Digits after the microsecond are cut. Everything else that a lenient parser takes
    /// (01/02/2026) means different days to different people.
    /// </summary>
    private static bool TryInstant(ReadOnlySpan<char> text, out DateTimeOffset instant)
    {
        instant = default;
        // By hand: three dates a row, and the general parser takes longer than all else that is read of it.
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't' or ' ') || text[13] != ':' || text[16] != ':'
            || !TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month) || !TryDigits(text[8..10], out var day)
            || !TryDigits(text[11..13], out var hour) || !TryDigits(text[14..16], out var minute) || !TryDigits(text[17..19], out var second)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var rest = text[19..];
        long ticks = 0;
        if (rest[0] == '.')
        {
            var digits = 1;
            for (var worth = TimeSpan.TicksPerSecond / 10; digits < rest.Length && char.IsAsciiDigit(rest[digits]); digits++, worth /= 10)
            {
                ticks += (rest[digits] - '0') * worth;
            }

            if (digits == 1)
            {
                return false;
            }

            rest = rest[digits..];
        }

        if (!TryOffset(rest, out var offset))
        {
            return false;
        }

        var utc = new DateTime(year, month, day, hour, minute, second).Ticks + ticks - (ticks % TimeSpan.TicksPerMicrosecond) - offset.Ticks;
        if (utc < DateTime.MinValue.Ticks || utc > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        instant = new DateTimeOffset(utc, TimeSpan.Zero);
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (text is "Z" or "z")
        {
            return true;
        }

        var minutes = 0;
        if (text.Length is not (3 or 6) || text[0] is not ('+' or '-') || !TryDigits(text[1..3], out var hours) || hours > 23
            || (text.Length == 6 && (text[3] != ':' || !TryDigits(text[4..], out minutes) || minutes > 59)))
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            number = (number * 10) + (c - '0');
        }

        return true;
    }
}
