namespace Dunlin.Tensors;

/// <summary>Writes a file so that its name never stands for half of it.</summary>
public static class AtomicFile
{
    /// <summary>Writes beside the file and renames, so that an older file of the name stays whole until the new one is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes what is in it.</param>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = path + ".tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write)) write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
