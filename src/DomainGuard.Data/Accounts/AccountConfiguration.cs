using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Accounts;

internal sealed class AccountConfiguration : IEntityTypeConfiguration<Account>
{
    public void Configure(EntityTypeBuilder<Account> builder)
    {
        builder.ToTable("Account");
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.ExternalId).IsNormalised(200);
        builder.Property(a => a.UserName).HasMaxLength(200);
        builder.Property(a => a.SortName).IsNormalised(200);
        builder.Property(a => a.DisplayName).HasMaxLength(300);
        builder.HasIndex(a => a.ExternalId).IsUnique();
        // One index per order that the list offers; each ends with the key.
        builder.HasIndex(a => new { a.SortName, a.Id });
        builder.HasIndex(a => new { a.Impact, a.Id });
        // Few are retired: only these stand in it.
        builder.HasIndex(a => a.RetiredAt).HasFilter("\"RetiredAt\" IS NOT NULL");
    }
}

internal sealed class AddressConfiguration : IEntityTypeConfiguration<Address>
{
    public void Configure(EntityTypeBuilder<Address> builder)
    {
        builder.ToTable("Address");
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.Email).IsNormalised(320);
        builder.Property(a => a.SearchEmail).IsNormalised(320);
        builder.Property(a => a.MailHost).IsNormalised(255);
        builder.Property(a => a.HandReasons).HasMaxLength(4000);
        // Imports insert addresses by statements that know nothing of claims.
        builder.Property(a => a.ClaimProof).HasDefaultValue(ClaimProof.None);
        builder.Property(a => a.ClaimState).HasDefaultValue(ClaimState.None);
        builder.HasOne(a => a.Account).WithMany().HasForeignKey(a => a.AccountId);
        builder.HasOne(a => a.Domain).WithMany().HasForeignKey(a => a.DomainId);
        builder.HasIndex(a => new { a.AccountId, a.Email }).IsUnique();
        builder.HasIndex(a => new { a.DomainId, a.Id });
        // A search by address reads thousands of these: whose they are and whether they count stands in it, so that none of their wide rows is read.
        builder.HasIndex(a => new { a.SearchEmail, a.Id, a.AccountId, a.RetiredAt });
    }
}
