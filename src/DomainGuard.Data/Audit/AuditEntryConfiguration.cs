using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Audit;

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    private const string Sealed = "\"Sequence\" IS NOT NULL";

    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("AuditEntry");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.ActorId).IsNormalised(100);
        builder.Property(e => e.ActorFrom).HasMaxLength(100);
        builder.Property(e => e.DomainName).IsNormalised(255);
        builder.Property(e => e.Subject).IsNormalised(100);
        builder.Property(e => e.Reason).IsNormalised(40);
        builder.Property(e => e.Comment).HasMaxLength(10_000);
        builder.Property(e => e.CommentHash).HasMaxLength(32);
        builder.Property(e => e.Before).HasMaxLength(8_000);
        builder.Property(e => e.After).HasMaxLength(8_000);
        builder.Property(e => e.ContentHash).HasMaxLength(32);
        builder.Property(e => e.Hash).HasMaxLength(32);

        // Writers pay for the key and for the index of what is unsealed, which stays small. All that lists are found by holds sealed entries only: its cost is the sealer's.
        builder.HasIndex(e => new { e.At, e.Id }).HasFilter("\"Sequence\" IS NULL").HasDatabaseName("IX_AuditEntry_Unsealed");
        builder.HasIndex(e => e.Sequence).IsUnique().HasFilter(Sealed);
        builder.HasIndex(e => new { e.At, e.Sequence }).HasFilter(Sealed);
        builder.HasIndex(e => new { e.ActorId, e.At, e.Sequence }).HasFilter(Sealed);
        builder.HasIndex(e => new { e.Action, e.At, e.Sequence }).HasFilter(Sealed);
        builder.HasIndex(e => new { e.AccountId, e.At, e.Sequence }).HasFilter(Sealed + " AND \"AccountId\" IS NOT NULL");
        builder.HasIndex(e => new { e.DomainName, e.At, e.Sequence }).HasFilter(Sealed + " AND \"DomainName\" IS NOT NULL");
        // The activity of a case, its comments among it: people look at it before it is sealed.
        builder.HasIndex(e => new { e.CaseId, e.At }).HasFilter("\"CaseId\" IS NOT NULL");
    }
}

internal sealed class AuditHeadConfiguration : IEntityTypeConfiguration<AuditHead>
{
    public void Configure(EntityTypeBuilder<AuditHead> builder)
    {
        builder.ToTable("AuditHead");
        builder.Property(h => h.Id).ValueGeneratedNever();
        builder.Property(h => h.Hash).HasMaxLength(32);
        builder.Property(h => h.LeaseOwner).IsNormalised(100);
    }
}

internal sealed class AuditCheckpointConfiguration : IEntityTypeConfiguration<AuditCheckpoint>
{
    public void Configure(EntityTypeBuilder<AuditCheckpoint> builder)
    {
        builder.ToTable("AuditCheckpoint");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.Hash).HasMaxLength(32);
        builder.Property(c => c.KeyId).HasMaxLength(100);
        builder.Property(c => c.Token).HasMaxLength(2_000);
        builder.Property(c => c.Day).IsNormalised(10);
        builder.HasIndex(c => c.Day).IsUnique().HasFilter("\"Day\" IS NOT NULL");
        builder.HasIndex(c => new { c.Sequence, c.Id });
    }
}
