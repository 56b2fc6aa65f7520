using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Exports;

internal sealed class ExportConfiguration : IEntityTypeConfiguration<Export>
{
    public void Configure(EntityTypeBuilder<Export> builder)
    {
        builder.ToTable("Export");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Filter).HasMaxLength(Export.MostFilter);
        builder.Property(e => e.ActorId).IsNormalised(100);
        builder.Property(e => e.ActorFrom).HasMaxLength(100);
        builder.Property(e => e.FileName).HasMaxLength(200);
        builder.Property(e => e.FileHash).HasMaxLength(64);
        builder.Property(e => e.Problem).HasMaxLength(500);
        builder.Property(e => e.LeaseOwner).IsNormalised(100);
    }
}
