using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Api;

internal sealed class KeptAnswerConfiguration : IEntityTypeConfiguration<KeptAnswer>
{
    public void Configure(EntityTypeBuilder<KeptAnswer> builder)
    {
        builder.ToTable("KeptAnswer");
        builder.HasKey(a => a.Hash);
        builder.Property(a => a.Hash).HasMaxLength(32);
        builder.Property(a => a.Fingerprint).HasMaxLength(32);
        builder.Property(a => a.ContentType).HasMaxLength(100);
        builder.Property(a => a.Location).HasMaxLength(2_000);
        builder.Property(a => a.ETag).HasMaxLength(100);
        builder.HasIndex(a => a.At);
    }
}
