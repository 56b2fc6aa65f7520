using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Mails;

internal sealed class MailNewsConfiguration : IEntityTypeConfiguration<MailNews>
{
    public void Configure(EntityTypeBuilder<MailNews> builder)
    {
        builder.ToTable("MailNews");
        builder.HasKey(n => n.Sequence);
        builder.Property(n => n.Sequence).ValueGeneratedNever();
        // What retention finds.
        builder.HasIndex(n => n.ReadAt);
    }
}

internal sealed class MailChoiceConfiguration : IEntityTypeConfiguration<MailChoice>
{
    public void Configure(EntityTypeBuilder<MailChoice> builder)
    {
        builder.ToTable("MailChoice");
        builder.HasKey(c => c.UserId);
        builder.Property(c => c.UserId).ValueGeneratedNever();
        builder.Property(c => c.Address).HasMaxLength(254);
    }
}

internal sealed class MailConfiguration : IEntityTypeConfiguration<Mail>
{
    public void Configure(EntityTypeBuilder<Mail> builder)
    {
        builder.ToTable("Mail");
        builder.Property(m => m.Id).ValueGeneratedNever();
        builder.Property(m => m.Subject).HasMaxLength(200);
        builder.Property(m => m.Text).HasMaxLength(60_000);
        builder.Property(m => m.Html).HasMaxLength(120_000);
        builder.Property(m => m.Error).HasMaxLength(500);
        // What is due, and only that.
        builder.HasIndex(m => m.NextTryAt).HasFilter("\"State\" = 0").HasDatabaseName("IX_Mail_Waiting");
        builder.HasIndex(m => new { m.UserId, m.CreatedAt });
        builder.HasIndex(m => m.CreatedAt);
    }
}
