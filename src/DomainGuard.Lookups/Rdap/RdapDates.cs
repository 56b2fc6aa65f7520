namespace DomainGuard.Lookups.Rdap;

/// <summary>
/// Dates as RDAP servers write them. RFC 3339 in theory; seen: <c>2027-01-01T00:00:00Z</c>, no offset at all (taken as UTC), <c>+0000</c>, <c>+01:00</c>, 0 to 9 fraction
/// digits, seconds <c>:60</c>, a year 294247, date only. Never throws; what cannot be read is absent.
/// </summary>
internal static class RdapDates
{
    internal static DateTimeOffset? Parse(string? text)
    {
        var s = (text ?? "").AsSpan().Trim();
        var dash = s.IndexOf('-');
        if (dash is < 4 or > 9 || !TryDigits(s[..dash], out var year))
        {
            return null;
        }

        if (year > 9999)
        {
            // The overflow of "never".
            return DateTimeOffset.MaxValue;
        }

        s = s[(dash + 1)..];
        if (s.Length < 5 || !TryDigits(s[..2], out var month) || s[2] != '-' || !TryDigits(s[3..5], out var day)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return null;
        }

        var date = new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc);
        s = s[5..];
        return s.IsEmpty ? new DateTimeOffset(date) : s[0] is 'T' or 't' or ' ' ? WithTime(date, s[1..]) : null;
    }

    private static DateTimeOffset? WithTime(DateTime date, ReadOnlySpan<char> s)
    {
        if (s.Length < 5 || !TryDigits(s[..2], out var hour) || s[2] != ':' || !TryDigits(s[3..5], out var minute) || hour > 24 || minute > 59)
        {
            return null;
        }

        s = s[5..];
        var second = 0;
        if (s.Length >= 3 && s[0] == ':')
        {
            if (!TryDigits(s[1..3], out second) || second > 60)
            {
                return null;
            }

            s = s[3..];
        }

        long fraction = 0;
        if (!s.IsEmpty && s[0] is '.' or ',')
        {
            var digits = 1;
            long unit = TimeSpan.TicksPerSecond / 10;
            for (; digits < s.Length && char.IsAsciiDigit(s[digits]); digits++)
            {
                fraction += (s[digits] - '0') * unit;
                unit /= 10;
            }

            s = s[digits..];
        }

        if (!TryOffset(s.Trim(), out var offset))
        {
            return null;
        }

        var ticks = date.Ticks + (hour * TimeSpan.TicksPerHour) + (minute * TimeSpan.TicksPerMinute) + (second * TimeSpan.TicksPerSecond) + fraction - offset.Ticks;
        return new DateTimeOffset(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), TimeSpan.Zero);
    }

    private static bool TryOffset(ReadOnlySpan<char> s, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (s.IsEmpty || (s.Length == 1 && s[0] is 'Z' or 'z') || s is "UTC" or "GMT")
        {
            return true;
        }

        if (s[0] is not ('+' or '-') || s.Length < 3 || !TryDigits(s[1..3], out var hours))
        {
            return false;
        }

        var rest = s[3..].TrimStart(':');
        var minutes = 0;
        if (!rest.IsEmpty && (rest.Length != 2 || !TryDigits(rest, out minutes)))
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0) * (s[0] == '-' ? -1 : 1);
        return hours < 24 && minutes < 60;
    }

    private static bool TryDigits(ReadOnlySpan<char> s, out int value)
    {
        value = 0;
        foreach (var c in s)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            value = (value * 10) + (c - '0');
        }

        return s.Length > 0;
    }
}
