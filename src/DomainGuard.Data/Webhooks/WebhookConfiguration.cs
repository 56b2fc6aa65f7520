using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Webhooks;

internal sealed class WebhookEndpointConfiguration : IEntityTypeConfiguration<WebhookEndpoint>
{
    public void Configure(EntityTypeBuilder<WebhookEndpoint> builder)
    {
        builder.ToTable("WebhookEndpoint");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Name).HasMaxLength(100);
        builder.Property(e => e.Url).HasMaxLength(2_000);
        builder.Property(e => e.Secret).HasMaxLength(1_000);
        builder.Property(e => e.PreviousSecret).HasMaxLength(1_000);
        builder.Property(e => e.Audience).HasMaxLength(300);
    }
}

internal sealed class WebhookEventConfiguration : IEntityTypeConfiguration<WebhookEvent>
{
    public void Configure(EntityTypeBuilder<WebhookEvent> builder)
    {
        builder.ToTable("WebhookEvent");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.DomainName).IsNormalised(255);
        builder.Property(e => e.Body).HasMaxLength(16_000);
        // What retention finds.
        builder.HasIndex(e => e.CreatedAt);
    }
}

internal sealed class WebhookDeliveryConfiguration : IEntityTypeConfiguration<WebhookDelivery>
{
    public void Configure(EntityTypeBuilder<WebhookDelivery> builder)
    {
        builder.ToTable("WebhookDelivery");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.Error).HasMaxLength(500);
        builder.HasOne(d => d.Endpoint).WithMany().HasForeignKey(d => d.EndpointId);
        builder.HasOne(d => d.Event).WithMany().HasForeignKey(d => d.EventId);
        // What is due, and only that.
        builder.HasIndex(d => new { d.EndpointId, d.NextTryAt }).HasFilter("\"State\" = 0").HasDatabaseName("IX_WebhookDelivery_Waiting");
        builder.HasIndex(d => new { d.EndpointId, d.State, d.CreatedAt, d.Id });
        builder.HasIndex(d => new { d.EndpointId, d.CreatedAt, d.Id });
    }
}

internal sealed class NoticeConfiguration : IEntityTypeConfiguration<Notice>
{
    public void Configure(EntityTypeBuilder<Notice> builder)
    {
        builder.ToTable("Notice");
        builder.Property(n => n.Id).ValueGeneratedNever();
        builder.Property(n => n.Facts).HasMaxLength(3_000);
        builder.HasIndex(n => new { n.At, n.Id });
    }
}

internal sealed class EventHeadConfiguration : IEntityTypeConfiguration<EventHead>
{
    public void Configure(EntityTypeBuilder<EventHead> builder)
    {
        builder.ToTable("EventHead");
        builder.Property(h => h.Id).ValueGeneratedNever();
        builder.HasData(new EventHead { Id = EventHead.Webhooks }, new EventHead { Id = EventHead.Mail });
    }
}
