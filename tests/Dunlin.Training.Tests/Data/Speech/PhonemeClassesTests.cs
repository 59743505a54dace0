using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class PhonemeClassesTests
{
    [Fact]
    public void There_are_48_classes_of_different_names()
    {
        Assert.Equal(48, PhonemeClasses.Names.Distinct().Count());
        Assert.Equal(48, PhonemeClasses.Names.Count);
        Assert.Equal("sil", PhonemeClasses.Names[PhonemeClasses.Silence]);
    }

    [Theory, InlineData("_:", "sil"), InlineData("i:", "iy"), InlineData("'i:", "iy"), InlineData("i", "iy"), InlineData("3:", "er"), InlineData("tS", "ch"), InlineData("A@", "aar"), InlineData("@L", "el"), InlineData("t2", "t")]
    public void Stress_length_and_variants_do_not_count(string mnemonic, string name) => Assert.Equal(name, PhonemeClasses.Names[PhonemeClasses.Of(mnemonic)!.Value]);

    [Theory, InlineData("x"), InlineData("y:"), InlineData("")]
    public void Foreign_sounds_have_no_class(string mnemonic) => Assert.Null(PhonemeClasses.Of(mnemonic));
}
