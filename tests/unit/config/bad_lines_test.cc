// What inih would cut, split, join or skip, and weir refuses.
#include "config/bad_file.h"

namespace weir {
namespace {

using namespace std::string_literals;

TEST_CASE("a line that inih would cut is refused") {
  const std::string long_value(4096, '1');
  const std::string long_name(50, 'n');
  check_each({
      {"a line of 4,097 bytes",
       "[gateway]\nport = " + long_value.substr(0, 4090) + "\n",
       {"weir.ini:2: error: the line is 4097 bytes long, at most 4096 are allowed"}},
      {"a comment of 5,000 bytes, whose end would become a key of its own",
       "[gateway]\n;" + std::string(4999, ' ') + "\nport = 0\n",
       {"weir.ini:2: error: the line is 5000 bytes long, at most 4096 are allowed",
        "weir.ini:3: error: 'port': '0' is out of bounds (1 to 65535)"}},
      {"a key of 50 bytes",
       "[gateway]\n" + long_name + " = 1\n",
       {"weir.ini:2: error: the key is 50 bytes long, at most 49 fit"}},
      {"a header of 50 bytes",
       "[rule " + long_name.substr(0, 45) + "]\non = tcp/80\n",
       {"weir.ini:1: error: the section header is 50 bytes long, at most 49 fit between the "
        "brackets"}},
      {"a NUL byte, where inih would stop reading the line",
       "[gateway]\nport = 80\0x\n"s,
       {"weir.ini:2: error: the line has a NUL byte in it"}},
      {"a NUL byte in a comment",
       "; a\0b\n"s,
       {"weir.ini:1: error: the line has a NUL byte in it"}},
      {"a comment that would cut a quoted value",
       "[log]\ntarget = \"file:/a ; b\"\n",
       {"weir.ini:2: error: ' ;' begins a comment, also inside quotes, and would cut the value of "
        "'target'"}},
      {"a comment that would cut a value in single quotes",
       "[admin]\nsocket = '/run ;x'\n",
       {"weir.ini:2: error: ' ;' begins a comment, also inside quotes, and would cut the value of "
        "'socket'"}},
      {"a comment that would cut a password",
       "[upstream a]\ntype = direct\npassword = se ;cret\n",
       {"weir.ini:3: error: ' ;' begins a comment and would cut the password: choose one without"}},
  });
}

TEST_CASE("a line that inih would take for another one is refused") {
  check_each({
      {"an indented key, which inih makes a second value of the key before",
       "[gateway]\nport = 80\n  workers = 2\n",
       {"weir.ini:3: error: the line is indented, which would continue the one above: begin it at "
        "the margin"}},
      {"a continuation line",
       "[rule a]\non = tcp/80,\n\ttcp/81\nuse = direct\n",
       {"weir.ini:2: error: 'on': the list has an empty item",
        "weir.ini:3: error: the line is indented, which would continue the one above: begin it at "
        "the margin"}},
      {"an indented header, whose keys inih would give to the section before",
       "[gateway]\nport = 80\n [log]\nlevel = info\n",
       {"weir.ini:3: error: the line is indented, which would continue the one above: begin it at "
        "the margin"}},
      {"a colon instead of '='",
       "[gateway]\nport: 80\n",
       {"weir.ini:2: error: 'key: value' is not supported, write 'key = value'"}},
      {"a colon before '='",
       "[gateway]\nport: a = 80\n",
       {"weir.ini:2: error: a key has no ':', write 'key = value'"}},
      {"neither '=' nor colon",
       "[gateway]\nport 80\n",
       {"weir.ini:2: error: there is no '=' in this line"}},
      {"'=' only in the comment",
       "[gateway]\nport ; = 80\n",
       {"weir.ini:2: error: there is no '=' in this line"}},
      {"nothing before '='",
       "[gateway]\n= 80\n",
       {"weir.ini:2: error: there is no key before '='"}},
      {"nothing after '='",
       "[gateway]\nport =\n",
       {"weir.ini:2: error: 'port': the value is missing"}},
      {"only a comment after '='",
       "[gateway]\nport = ; later\n",
       {"weir.ini:2: error: 'port': the value is missing"}},
      {"keys before any section: one problem, one line",
       "port = 80\nworkers = 2\n",
       {"weir.ini:1: error: 'port' stands before any [section]"}},
  });
}

TEST_CASE("a broken header is one problem, and its keys are none") {
  check_each({
      {"without ']'",
       "[gateway\nport = 80\nnonsense = 1\n",
       {"weir.ini:1: error: the section header has no ']'"}},
      {"with a comment before ']'",
       "[gateway ; x]\nport = 80\n",
       {"weir.ini:1: error: the section header has no ']'"}},
      {"with text after ']'",
       "[gateway] port = 80\nworkers = x\n",
       {"weir.ini:1: error: there is text after ']'"}},
      {"with nothing in it", "[ ]\nport = 80\n", {"weir.ini:1: error: the section has no name"}},
      {"a name that is defined there is not called unknown",
       "[rule a]\non = tcp/80\nuse = web\n[upstream web\ntype = direct\n",
       {"weir.ini:4: error: the section header has no ']'"}},
      {"the section after it is read again",
       "[log\nlevel = loud\n[log]\nlevel = loud\n",
       {"weir.ini:1: error: the section header has no ']'",
        "weir.ini:4: error: 'level': unknown word 'loud' (one of debug, info, warning, error)"}},
  });
}

TEST_CASE("bytes that are no text are refused with their line") {
  check_each({
      {"Latin-1",
       "[gateway]\n; gr\xFC\xDF\x65\n",
       {"weir.ini:2: error: the line is not UTF-8: byte 5 is 0xFC"}},
      {"an overlong form",
       "# \xC0\x80\n",
       {"weir.ini:1: error: the line is not UTF-8: byte 3 is 0xC0"}},
      {"a surrogate",
       "# \xED\xA0\x80\n",
       {"weir.ini:1: error: the line is not UTF-8: byte 3 is 0xED"}},
      {"a sequence that the line's end cuts",
       "# \xE2\x82\n",
       {"weir.ini:1: error: the line is not UTF-8: byte 3 is 0xE2"}},
      {"an escape sequence for a terminal",
       "[gateway]\ndefault = \x1B[31mred\n",
       {"weir.ini:2: error: the line has a control character in it: byte 11 is 0x1B"}},
      {"a carriage return inside a line",
       "[gateway]\nport = 1\rworkers = 2\n",
       {"weir.ini:2: error: the line has a control character in it: byte 9 is 0x0D"}},
      {"UTF-16", "\xFF\xFE[\0g\0"s, {"weir.ini:1: error: the line has a NUL byte in it"}},
  });
}

TEST_CASE(
    "a byte-order mark, DOS line ends, indented comments and a last line without end are fine") {
  const auto loaded = load_text(
      "\xEF\xBB\xBF[gateway]\r\nport = 81 ; with a comment\r\n  ; indented\r\n\r\nworkers=0x2");
  CHECK(loaded.diagnostics.empty());
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->gateway.port == 81);
  CHECK(loaded.configuration->gateway.workers == 2);
}

TEST_CASE("a line of 4,096 bytes is read to its end") {
  std::string list = "client = 192.0.2.1";
  while (list.size() + 11 <= 4096) {
    list += ",192.0.2.77";
  }
  list += std::string(4096 - list.size(), ' ');
  const auto loaded = load_text("[rule a]\non = tcp/80\nuse = direct\n" + list + "\n");
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->rules[0].client().include.size() == (4096 - 18) / 11 + 1);
}

TEST_CASE("an apostrophe in a value does not make the comment after it a quoted one") {
  CHECK(findings_of("[admin]\nsocket = /run/o'hara ; isn't it\n").empty());
}

}  // namespace
}  // namespace weir
