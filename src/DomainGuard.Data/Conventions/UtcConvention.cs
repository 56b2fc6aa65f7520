using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace DomainGuard.Data.Conventions;

/// <summary>
/// Instants are <see cref="DateTimeOffset"/> in code and UTC <see cref="DateTime"/> in every database, cut to microseconds: what PostgreSQL keeps. One
/// representation compares and sorts the same everywhere (SQLite can neither order nor compare <see cref="DateTimeOffset"/>).
/// </summary>
internal static class UtcConvention
{
    internal static void Apply(ModelConfigurationBuilder builder, string? columnType)
    {
        var instants = builder.Properties<DateTimeOffset>().HaveConversion<InstantConverter>();
        if (columnType is not null)
        {
            instants.HaveColumnType(columnType);
        }
    }

    /// <summary>Cuts to whole microseconds, so that what was written equals what is read.</summary>
    internal static DateTime ToColumn(DateTimeOffset instant)
    {
        var utc = instant.UtcDateTime;
        return new DateTime(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc);
    }

    internal static DateTimeOffset FromColumn(DateTime column) => new(DateTime.SpecifyKind(column, DateTimeKind.Utc));

    private sealed class InstantConverter() : ValueConverter<DateTimeOffset, DateTime>(v => ToColumn(v), v => FromColumn(v));
}
