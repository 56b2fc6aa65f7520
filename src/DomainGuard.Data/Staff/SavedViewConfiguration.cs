using DomainGuard.Data.Conventions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DomainGuard.Data.Staff;

internal sealed class SavedViewConfiguration : IEntityTypeConfiguration<SavedView>
{
    public void Configure(EntityTypeBuilder<SavedView> builder)
    {
        builder.ToTable("SavedView");
        builder.Property(v => v.Id).ValueGeneratedNever();
        builder.Property(v => v.Name).HasMaxLength(40);
        builder.Property(v => v.NameKey).IsNormalised(40);
        builder.Property(v => v.Query).IsNormalised(1_000);
        builder.HasIndex(v => new { v.UserId, v.NameKey }).IsUnique();
        // None is left behind, or added, when its owner is removed.
        builder.HasOne<GuardUser>().WithMany().HasForeignKey(v => v.UserId);
    }
}
