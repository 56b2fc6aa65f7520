using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Gate;

internal sealed class RecoveryCheckConfiguration : IEntityTypeConfiguration<RecoveryCheck>
{
    // Ids of accounts, addresses and cases without foreign keys: each would cost every answer a look into another table.
    public void Configure(EntityTypeBuilder<RecoveryCheck> builder)
    {
        builder.ToTable("RecoveryCheck");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.AskedBy).HasMaxLength(100);
        builder.Ignore(c => c.PublicId);
        builder.HasIndex(c => new { c.At, c.Id });
        builder.HasIndex(c => new { c.AccountId, c.At, c.Id }).HasFilter("\"AccountId\" IS NOT NULL");
        builder.HasIndex(c => new { c.Decision, c.At, c.Id }).HasFilter("\"Decision\" > 0");
    }
}
