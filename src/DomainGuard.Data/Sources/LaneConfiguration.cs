using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Sources;

internal sealed class LaneConfiguration : IEntityTypeConfiguration<Lane>
{
    public void Configure(EntityTypeBuilder<Lane> builder)
    {
        builder.ToTable("Lane");
        builder.HasKey(l => l.Host);
        builder.Property(l => l.Host).IsNormalised(255);
        builder.Property(l => l.RestReason).HasMaxLength(300);
        builder.Property(l => l.LastError).HasMaxLength(500);
        builder.Property(l => l.Canary).HasMaxLength(255);
    }
}

internal sealed class BudgetDayConfiguration : IEntityTypeConfiguration<BudgetDay>
{
    public void Configure(EntityTypeBuilder<BudgetDay> builder)
    {
        builder.ToTable("BudgetDay");
        builder.HasKey(b => new { b.Source, b.Day });
    }
}

internal sealed class BootstrapCopyConfiguration : IEntityTypeConfiguration<BootstrapCopy>
{
    public void Configure(EntityTypeBuilder<BootstrapCopy> builder)
    {
        builder.ToTable("BootstrapCopy");
        builder.Property(b => b.Id).ValueGeneratedNever();
        builder.Property(b => b.ETag).HasMaxLength(200);
    }
}
