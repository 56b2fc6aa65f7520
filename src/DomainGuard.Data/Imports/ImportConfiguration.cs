using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Imports;

internal sealed class ImportConfiguration : IEntityTypeConfiguration<Import>
{
    public void Configure(EntityTypeBuilder<Import> builder)
    {
        builder.ToTable("Import");
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.FileName).HasMaxLength(255);
        builder.Property(i => i.Format).HasMaxLength(10);
        builder.Property(i => i.RequestedBy).HasMaxLength(256);
        builder.Property(i => i.ActorKind).HasDefaultValue(Core.Audit.AuditActorKind.System).HasSentinel((Core.Audit.AuditActorKind)(-1));
        builder.Property(i => i.ActorId).IsNormalised(100);
        builder.Property(i => i.ActorFrom).HasMaxLength(100);
        builder.Property(i => i.LeaseOwner).HasMaxLength(100);
        builder.Property(i => i.MergedUpTo).IsNormalised(200);
        builder.Property(i => i.Problem).HasMaxLength(500);
    }
}

internal sealed class ImportRowConfiguration : IEntityTypeConfiguration<ImportRow>
{
    public void Configure(EntityTypeBuilder<ImportRow> builder)
    {
        builder.ToTable("ImportRow");
        builder.HasKey(r => new { r.ImportId, r.ExternalId, r.Sequence });
        builder.Property(r => r.ExternalId).IsNormalised(200);
        builder.Property(r => r.Email).IsNormalised(320);
        builder.Property(r => r.SearchEmail).IsNormalised(320);
        builder.Property(r => r.MailHost).IsNormalised(255);
        builder.Property(r => r.DomainName).IsNormalised(255);
        builder.Property(r => r.UserName).HasMaxLength(200);
        builder.Property(r => r.SortName).IsNormalised(200);
        builder.Property(r => r.DisplayName).HasMaxLength(300);
        builder.Property(r => r.Proof).HasDefaultValue(Accounts.ClaimProof.None);
    }
}

internal sealed class ImportRejectionConfiguration : IEntityTypeConfiguration<ImportRejection>
{
    public void Configure(EntityTypeBuilder<ImportRejection> builder)
    {
        builder.ToTable("ImportRejection");
        builder.HasKey(r => new { r.ImportId, r.Sequence });
        builder.Property(r => r.Field).HasMaxLength(50);
        builder.Property(r => r.Reason).HasMaxLength(300);
    }
}
