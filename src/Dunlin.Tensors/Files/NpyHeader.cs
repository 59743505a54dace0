using System.Globalization;

namespace Dunlin.Tensors;

/// <summary>The Python dictionary at the start of an NPY file, read by a small grammar; nothing is evaluated.</summary>
/// <param name="Kind">The element type without its byte order, such as <c>f4</c>.</param>
/// <param name="BigEndian">Whether each element's most significant byte comes first.</param>
/// <param name="FortranOrder">Whether the first dimension varies fastest.</param>
/// <param name="Dimensions">The lengths.</param>
internal sealed record NpyHeader(string Kind, bool BigEndian, bool FortranOrder, int[] Dimensions)
{
    public static NpyHeader Parse(string file, string? tensor, string text) => new Grammar(file, tensor, text).Header();

    private sealed class Grammar(string file, string? tensor, string text)
    {
        private int _at;

        public NpyHeader Header()
        {
            string? descr = null;
            bool? fortran = null;
            int[]? shape = null;
            Take('{');
            while (!TryTake('}'))
            {
                var key = Text();
                Take(':');
                switch (key)
                {
                    case "descr" when descr is null: descr = Descr(); break;
                    case "fortran_order" when fortran is null: fortran = Truth(); break;
                    case "shape" when shape is null: shape = Tuple(); break;
                    default: throw Refuse($"the header's key '{key}' is unknown or occurs twice; expected descr, fortran_order and shape once each");
                }
                if (TryTake(',')) continue;
                Take('}');
                break;
            }
            if (text[_at..].Trim(' ') is not ("\n" or "")) throw Refuse("only spaces and a newline may follow the header's dictionary");
            if (descr is null || fortran is null || shape is null) throw Refuse("the header must hold descr, fortran_order and shape");
            if (descr is not [('<' or '>' or '|' or '=') and var order, .. var kind])
                throw Refuse($"the element type '{descr}' has no byte order; expected one of < > | =");
            if (kind is not ("b1" or "i1" or "i2" or "i4" or "i8" or "u1" or "u2" or "u4" or "u8" or "f2" or "f4" or "f8"))
                throw Refuse(kind.StartsWith('O')
                    ? "it holds Python objects (a pickle), which Dunlin never reads; save it as numbers"
                    : $"the element type '{descr}' is none of b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8");
            return new NpyHeader(kind, order == '>', fortran.Value, shape);
        }

        private string Descr() => Peek() == '[' ? throw Refuse("it holds records (a structured type); save each field as an array of its own") : Text();

        private bool Truth() =>
            TryWord("True") || (TryWord("False") ? false : throw Refuse("fortran_order must be True or False"));

        private int[] Tuple()
        {
            var items = new List<int>();
            var comma = true;
            Take('(');
            while (!TryTake(')'))
            {
                if (!comma) throw Refuse($"the header has '{Peek()}' where ',' or ')' is expected");
                items.Add(Integer());
                comma = TryTake(',');
            }
            return items.Count == 1 && !comma ? throw Refuse("shape must be a tuple: (n,), not (n)") : [.. items];
        }

        private int Integer()
        {
            Peek();
            var begin = _at;
            while (_at < text.Length && char.IsAsciiDigit(text[_at])) _at++;
            return int.TryParse(text.AsSpan(begin, _at - begin), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw Refuse($"a length in shape must be an integer from 0 to {int.MaxValue}");
        }

        private string Text()
        {
            var quote = Peek();
            var end = quote is '\'' or '"' ? text.IndexOf(quote, _at + 1) : -1;
            if (end < 0) throw Refuse("the header lacks a quoted string where one is expected");
            var content = text[(_at + 1)..end];
            _at = end + 1;
            return content.Contains('\\') ? throw Refuse("the header holds an escape sequence") : content;
        }

        private bool TryWord(string word)
        {
            Peek();
            if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal)) return false;
            _at += word.Length;
            return true;
        }

        private bool TryTake(char expected)
        {
            if (Peek() != expected) return false;
            _at++;
            return true;
        }

        private void Take(char expected)
        {
            if (!TryTake(expected)) throw Refuse($"the header lacks '{expected}' at its character {_at}");
        }

        private char Peek()
        {
            while (_at < text.Length && text[_at] == ' ') _at++;
            return _at < text.Length ? text[_at] : '\0';
        }

        private TensorFileException Refuse(string rule) => new(file, tensor, rule);
    }
}
