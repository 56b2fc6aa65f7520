using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Staff;

internal sealed class GuardUserConfiguration : IEntityTypeConfiguration<GuardUser>
{
    public void Configure(EntityTypeBuilder<GuardUser> builder) => builder.Property(u => u.DisplayName).HasMaxLength(200);
}
