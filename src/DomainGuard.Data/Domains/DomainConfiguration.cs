using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Domains;

internal sealed class DomainConfiguration : IEntityTypeConfiguration<Domain>
{
    public void Configure(EntityTypeBuilder<Domain> builder)
    {
        builder.ToTable("Domain");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.Name).IsNormalised(255);
        builder.Property(d => d.Tld).IsNormalised(63);
        builder.Property(d => d.Reasons).HasMaxLength(4000);
        builder.Property(d => d.RegistrarName).HasMaxLength(300);
        builder.Property(d => d.RegistrarIanaId).HasMaxLength(20);
        builder.Property(d => d.Handle).HasMaxLength(200);
        builder.Property(d => d.DnsFingerprint).HasMaxLength(4000);
        // Imports and scans insert domains by statements that know nothing of cases.
        builder.Property(d => d.HasCase).HasDefaultValue(false);
        builder.Property(d => d.HasClaim).HasDefaultValue(false);
        builder.HasIndex(d => d.Name).IsUnique();
        builder.HasIndex(d => new { d.NextCheckAt, d.Id });
        builder.HasIndex(d => new { d.NextSweepAt, d.Id });
        builder.HasIndex(d => new { d.Phase, d.Name });
        builder.HasIndex(d => new { d.Tld, d.Name });
        builder.HasIndex(d => new { d.DropFrom, d.Id });
        builder.HasIndex(d => new { d.AddressCount, d.Id });
        builder.HasIndex(d => new { d.HandChange, d.MaxImpact, d.Id });
        // Few wait at a time: only these stand in it.
        builder.HasIndex(d => new { d.FindingsScanId, d.Id }).HasFilter("\"FindingsDueAt\" IS NOT NULL");
        // Everything that lists narrow domains by, without their wide rows.
        builder.HasIndex(d => new { d.Flags, d.Phase, d.HandChange, d.Tld, d.AddressCount });
    }
}

internal sealed class MailHostConfiguration : IEntityTypeConfiguration<MailHost>
{
    public void Configure(EntityTypeBuilder<MailHost> builder)
    {
        builder.ToTable("MailHost");
        builder.Property(h => h.Id).ValueGeneratedNever();
        builder.Property(h => h.Name).IsNormalised(255);
        builder.HasIndex(h => h.Name).IsUnique();
        builder.HasIndex(h => h.DomainId);
        builder.HasOne<Domain>().WithMany().HasForeignKey(h => h.DomainId);
    }
}

internal sealed class MxLinkConfiguration : IEntityTypeConfiguration<MxLink>
{
    public void Configure(EntityTypeBuilder<MxLink> builder)
    {
        builder.ToTable("MxLink");
        builder.HasKey(l => new { l.DomainId, l.MxDomainId });
        builder.HasIndex(l => l.MxDomainId);
        builder.HasOne<Domain>().WithMany().HasForeignKey(l => l.DomainId);
        builder.HasOne<Domain>().WithMany().HasForeignKey(l => l.MxDomainId);
    }
}

internal sealed class StoredObservationConfiguration : IEntityTypeConfiguration<StoredObservation>
{
    public void Configure(EntityTypeBuilder<StoredObservation> builder)
    {
        builder.ToTable("Observation");
        builder.Property(o => o.Id).ValueGeneratedNever();
        builder.Property(o => o.Host).IsNormalised(255);
        builder.Property(o => o.Error).HasMaxLength(500);
        builder.Property(o => o.FactsHash).HasMaxLength(32);
        builder.Property(o => o.RawHash).HasMaxLength(32);
        builder.HasIndex(o => new { o.DomainId, o.Source, o.Id });
        builder.HasOne<Domain>().WithMany().HasForeignKey(o => o.DomainId);
    }
}

internal sealed class PhaseSpanConfiguration : IEntityTypeConfiguration<PhaseSpan>
{
    public void Configure(EntityTypeBuilder<PhaseSpan> builder)
    {
        builder.ToTable("PhaseSpan");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Reasons).HasMaxLength(4000);
        builder.HasIndex(s => new { s.DomainId, s.From });
        builder.HasOne<Domain>().WithMany().HasForeignKey(s => s.DomainId);
    }
}

internal sealed class BaselineConfiguration : IEntityTypeConfiguration<Baseline>
{
    public void Configure(EntityTypeBuilder<Baseline> builder)
    {
        builder.ToTable("Baseline");
        builder.Property(b => b.Id).ValueGeneratedNever();
        builder.Property(b => b.Handle).HasMaxLength(200);
        builder.Property(b => b.RegistrarIanaId).HasMaxLength(20);
        builder.Property(b => b.NameServers).HasMaxLength(2000);
        builder.Property(b => b.MailExchanges).HasMaxLength(4000);
        builder.HasIndex(b => new { b.DomainId, b.Kind, b.FirstSeenAt });
        builder.HasOne<Domain>().WithMany().HasForeignKey(b => b.DomainId);
    }
}
