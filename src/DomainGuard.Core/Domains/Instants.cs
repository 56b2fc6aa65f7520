using System.Globalization;

namespace DomainGuard.Core.Domains;

/// <summary>Arithmetic on instants that cannot overflow: registries send year 9999 for "never".</summary>
internal static class Instants
{
    /// <summary>How far apart two answers may be to support each other (product section 5).</summary>
    public static readonly TimeSpan Together = TimeSpan.FromHours(24);

    public static DateTimeOffset Plus(this DateTimeOffset instant, TimeSpan span)
    {
        var utc = instant.UtcTicks;
        var ticks = span.Ticks > 0 && utc > DateTimeOffset.MaxValue.Ticks - span.Ticks ? DateTimeOffset.MaxValue.Ticks
            : span.Ticks < 0 && utc < -span.Ticks ? 0
            : utc + span.Ticks;
        return new DateTimeOffset(ticks, TimeSpan.Zero);
    }

    public static DateTimeOffset PlusDays(this DateTimeOffset instant, int days) => instant.Plus(TimeSpan.FromDays(days));

    public static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a >= b ? a : b;

    public static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a <= b ? a : b;

    public static bool AreTogether(DateTimeOffset a, DateTimeOffset b) => (a - b).Duration() <= Together;

    /// <summary>A date that a registry or the reader clamped: "never".</summary>
    public static bool IsNever(this DateTimeOffset instant) => instant.UtcDateTime.Year >= 9998;

    /// <summary>"13 Jan 2027", UTC.</summary>
    public static string Day(this DateTimeOffset instant) => instant.UtcDateTime.ToString("d MMM yyyy", CultureInfo.InvariantCulture);
}
