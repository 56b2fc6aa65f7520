using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Cases;

internal sealed class CaseConfiguration : IEntityTypeConfiguration<Case>
{
    public void Configure(EntityTypeBuilder<Case> builder)
    {
        builder.ToTable("Case");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.ReopenReason).HasMaxLength(300);
        builder.Ignore(c => c.Facts);
        builder.Ignore(c => c.DecidedFacts);
        builder.HasOne(c => c.Address).WithMany().HasForeignKey(c => c.AddressId);
        builder.HasOne(c => c.Account).WithMany().HasForeignKey(c => c.AccountId);
        builder.HasOne(c => c.Domain).WithMany().HasForeignKey(c => c.DomainId);
        builder.HasIndex(c => c.AddressId).IsUnique().HasFilter("\"AddressId\" IS NOT NULL");
        builder.HasIndex(c => c.DomainId).HasDatabaseName("IX_Case_WholeDomain").IsUnique().HasFilter("\"AddressId\" IS NULL");
        builder.HasIndex(c => new { c.DomainId, c.IsOpen }).HasDatabaseName("IX_Case_Domain");
        builder.HasIndex(c => c.AccountId);
        // The queue: worst first, among those that wait.
        builder.HasIndex(c => new { c.IsOpen, c.Points, c.Id });
        builder.HasIndex(c => new { c.State, c.Until });
        builder.HasIndex(c => new { c.AssigneeId, c.IsOpen });
        builder.HasIndex(c => c.BatchId).HasFilter("\"BatchId\" IS NOT NULL");
    }
}

internal sealed class DecisionConfiguration : IEntityTypeConfiguration<Decision>
{
    public void Configure(EntityTypeBuilder<Decision> builder)
    {
        builder.ToTable("Decision");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.ActorId).IsNormalised(100);
        builder.Property(d => d.Comment).HasMaxLength(10_000);
        builder.Property(d => d.Before).HasMaxLength(1_000);
        builder.HasOne<Case>().WithMany().HasForeignKey(d => d.CaseId);
        builder.HasIndex(d => new { d.CaseId, d.At });
        // What the brake counts.
        builder.HasIndex(d => new { d.ActorKind, d.To, d.At });
        builder.HasIndex(d => new { d.At, d.Id });
        builder.HasIndex(d => d.BulkId).HasFilter("\"BulkId\" IS NOT NULL");
    }
}

internal sealed class BatchConfiguration : IEntityTypeConfiguration<Batch>
{
    public void Configure(EntityTypeBuilder<Batch> builder)
    {
        builder.ToTable("Batch");
        builder.Property(b => b.Id).ValueGeneratedNever();
        builder.Property(b => b.Comment).HasMaxLength(2_000);
        builder.HasIndex(b => new { b.State, b.Id });
    }
}

internal sealed class BatchItemConfiguration : IEntityTypeConfiguration<BatchItem>
{
    public void Configure(EntityTypeBuilder<BatchItem> builder)
    {
        builder.ToTable("BatchItem");
        builder.HasKey(i => new { i.BatchId, i.CaseId });
        builder.HasOne<Batch>().WithMany().HasForeignKey(i => i.BatchId);
        builder.HasOne<Case>().WithMany().HasForeignKey(i => i.CaseId);
        builder.HasIndex(i => i.CaseId);
    }
}

internal sealed class BulkConfiguration : IEntityTypeConfiguration<Bulk>
{
    public void Configure(EntityTypeBuilder<Bulk> builder)
    {
        builder.ToTable("Bulk");
        builder.Property(b => b.Id).ValueGeneratedNever();
        builder.Property(b => b.Wish).HasMaxLength(14_000);
        builder.HasIndex(b => new { b.StaffId, b.FrozenAt });
    }
}

internal sealed class BulkItemConfiguration : IEntityTypeConfiguration<BulkItem>
{
    public void Configure(EntityTypeBuilder<BulkItem> builder)
    {
        builder.ToTable("BulkItem");
        builder.HasKey(i => new { i.BulkId, i.CaseId });
        builder.HasOne<Bulk>().WithMany().HasForeignKey(i => i.BulkId);
    }
}

internal sealed class FindingsTurnConfiguration : IEntityTypeConfiguration<FindingsTurn>
{
    public void Configure(EntityTypeBuilder<FindingsTurn> builder)
    {
        builder.ToTable("FindingsTurn");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.Property(t => t.LeaseOwner).HasMaxLength(120);
        builder.HasData(new FindingsTurn { Id = FindingsTurn.TheRow });
    }
}
