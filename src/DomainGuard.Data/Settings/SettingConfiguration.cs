using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Settings;

internal sealed class SettingConfiguration : IEntityTypeConfiguration<Setting>
{
    public void Configure(EntityTypeBuilder<Setting> builder)
    {
        builder.ToTable("Setting");
        builder.HasKey(s => s.Name);
        builder.Property(s => s.Name).IsNormalised(100);
        builder.Property(s => s.Value).HasMaxLength(4000);
    }
}

internal sealed class IdBlockConfiguration : IEntityTypeConfiguration<IdBlock>
{
    public void Configure(EntityTypeBuilder<IdBlock> builder)
    {
        builder.ToTable("IdBlock");
        builder.HasKey(b => b.Series);
        builder.Property(b => b.Series).IsNormalised(50);
    }
}
