using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Scans;

internal sealed class ScanConfiguration : IEntityTypeConfiguration<Scan>
{
    public void Configure(EntityTypeBuilder<Scan> builder)
    {
        builder.ToTable("Scan");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Target).HasMaxLength(255);
        builder.Property(s => s.RequestedBy).HasMaxLength(256);
        builder.Property(s => s.Note).HasMaxLength(500);
        builder.Property(s => s.LeaseOwner).HasMaxLength(100);
        builder.HasIndex(s => new { s.Status, s.Id });
    }
}

internal sealed class ScanLaneConfiguration : IEntityTypeConfiguration<ScanLane>
{
    public void Configure(EntityTypeBuilder<ScanLane> builder)
    {
        builder.ToTable("ScanLane");
        builder.HasKey(l => new { l.ScanId, l.Host });
        builder.Property(l => l.Host).IsNormalised(255);
        builder.Property(l => l.LeaseOwner).HasMaxLength(100);
        builder.Property(l => l.Note).HasMaxLength(500);
        builder.HasOne<Scan>().WithMany().HasForeignKey(l => l.ScanId);
    }
}

internal sealed class ScanItemConfiguration : IEntityTypeConfiguration<ScanItem>
{
    public void Configure(EntityTypeBuilder<ScanItem> builder)
    {
        builder.ToTable("ScanItem");
        builder.HasKey(i => new { i.ScanId, i.Host, i.DomainId });
        builder.Property(i => i.Host).IsNormalised(255);
        builder.HasIndex(i => new { i.ScanId, i.Host, i.Priority, i.DomainId }).IsDescending(false, false, true, false);
    }
}
