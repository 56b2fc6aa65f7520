using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Audit;

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
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
        builder.HasIndex(e => e.Sequence).IsUnique().HasFilter("\"Sequence\" IS NOT NULL");
        // The activity of a case, its comments among it.
        builder.HasIndex(e => new { e.CaseId, e.At }).HasFilter("\"CaseId\" IS NOT NULL");
    }
}
