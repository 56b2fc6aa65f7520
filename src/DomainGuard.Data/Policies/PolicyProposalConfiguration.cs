using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Policies;

internal sealed class PolicyProposalConfiguration : IEntityTypeConfiguration<PolicyProposal>
{
    public void Configure(EntityTypeBuilder<PolicyProposal> builder)
    {
        builder.ToTable("PolicyProposal");
        builder.Property(p => p.Id).ValueGeneratedNever();
        builder.Property(p => p.Json).HasMaxLength(16_000);
        builder.Property(p => p.Comment).HasMaxLength(2_000);
        builder.Property(p => p.Answer).HasMaxLength(2_000);
        builder.HasIndex(p => new { p.State, p.ExpiresAt });
    }
}
