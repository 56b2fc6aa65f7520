using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace DomainGuard.Data.Conventions;

/// <summary>Rules that hold for the whole model.</summary>
internal static class ModelRules
{
    /// <summary>Annotation of a column whose text is normalised in code and compared byte by byte.</summary>
    internal const string Binary = "DomainGuard:Binary";

    internal static void Apply(ModelBuilder builder, string? binaryCollation)
    {
        foreach (var entity in builder.Model.GetEntityTypes())
        {
            foreach (var key in entity.GetForeignKeys().Where(_ => entity.ClrType.Namespace!.StartsWith("DomainGuard", StringComparison.Ordinal)))
            {
                key.DeleteBehavior = DeleteBehavior.Restrict;
            }

            foreach (var property in entity.GetProperties())
            {
                if (property.FindAnnotation(Binary) is not null)
                {
                    property.RemoveAnnotation(Binary);
                    if (binaryCollation is not null)
                    {
                        property.SetCollation(binaryCollation);
                    }
                }
            }

            if (entity.ClrType.Namespace!.StartsWith("DomainGuard", StringComparison.Ordinal) && entity.FindProperty("Version") is { } version)
            {
                version.IsConcurrencyToken = true;
            }
        }
    }

    /// <summary>Marks a text column as normalised in code: it gets the collation that compares bytes, whatever the database's default.</summary>
    internal static Microsoft.EntityFrameworkCore.Metadata.Builders.PropertyBuilder<T> IsNormalised<T>(
        this Microsoft.EntityFrameworkCore.Metadata.Builders.PropertyBuilder<T> property, int maxLength)
    {
        property.HasMaxLength(maxLength);
        property.HasAnnotation(Binary, true);
        return property;
    }

    internal static IEnumerable<IMutableProperty> TextWithoutLength(IMutableModel model) =>
        model.GetEntityTypes().SelectMany(e => e.GetProperties()).Where(p => p.ClrType == typeof(string) && p.GetMaxLength() is null);
}
