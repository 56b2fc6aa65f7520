using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DomainGuard.Data.Migrations.SqlServer
{
    /// <inheritdoc />
    public partial class SyncProofs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Proof",
                table: "ImportRow",
                type: "int",
                nullable: false,
                defaultValue: 0);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Proof",
                table: "ImportRow");
        }
    }
}
