// Lists in pieces, and files that are none.
#include "sets/list_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/folder.h"
#include "catch.h"
#include "sets/list_source.h"

namespace weir {
namespace {

struct Outcome {
  ListReport report;
  std::string error;
  std::shared_ptr<const SetContents> contents;
};

// The text in pieces of that many bytes.
Outcome read(const std::string& text, std::size_t piece = 1000) {
  SetBuilder builder;
  ListReader reader("l", builder);
  Outcome out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (auto taken = reader.take(std::string_view(text).substr(at, piece)); !taken) {
      out.error = taken.error().location().file + ":" +
                  std::to_string(taken.error().location().line) + ": " + taken.error().text();
      return out;
    }
  }
  auto report = reader.finish();
  if (report) {
    out.report = std::move(report).value();
  } else {
    out.error = report.error().text();
  }
  out.contents = std::move(builder).build();
  return out;
}

std::vector<std::string> bad_lines(const ListReport& report) {
  std::vector<std::string> out;
  for (const Error& error : report.first_bad) {
    out.push_back(error.location().file + ":" + std::to_string(error.location().line) + ": " +
                  error.text());
  }
  return out;
}

std::string line_of(const SetContents& contents, const char* host) {
  const auto match = contents.find_name(host);
  return match ? contents.described(*match).item + " " +
                     std::to_string(contents.described(*match).location.line)
               : "none";
}

using Lines = std::vector<std::string>;

TEST_CASE("a list says the same in whatever pieces it comes") {
  const std::string text =
      "\xEF\xBB\xBF# mixed\r\n"
      "\r\n"
      "192.0.2.0/24\r\n"
      "0.0.0.0 Ads.example.org\n"
      "||tracker.example^\n"
      "address=/dns.example/0.0.0.0\n"
      "not a name\n"
      "*.last.example";
  for (const std::size_t piece : {1, 2, 3, 7, 64, 1000}) {
    const Outcome out = read(text, piece);
    REQUIRE(out.error.empty());
    CHECK(out.report.lines == 8);
    CHECK(out.report.items == 5);
    CHECK(bad_lines(out.report) ==
          Lines{"l:7: there is text after 'not': a list has one item a line"});
    CHECK(out.contents->size() == 5);
    CHECK(line_of(*out.contents, "ads.example.org") == "ads.example.org 4");
    CHECK(line_of(*out.contents, "x.tracker.example") == ".tracker.example 5");
    CHECK(line_of(*out.contents, "dns.example") == ".dns.example 6");
    CHECK(line_of(*out.contents, "x.last.example") == "*.last.example 8");
    const auto match = out.contents->prefixes.find(Address::parse("192.0.2.9").value());
    REQUIRE(match);
    CHECK(out.contents->described(*match).location == SourceLocation{"l", 3});
  }
}

TEST_CASE("a line of a megabyte is one bad line, and keeps no megabyte") {
  const std::string text = "a.example\n" + std::string(1'048'576, 'x') + "\nb.example\n";
  for (const std::size_t piece : {4096, 65'536, 2'000'000}) {
    const Outcome out = read(text, piece);
    CHECK(bad_lines(out.report) ==
          Lines{"l:2: the line is 1048576 bytes long, at most 4096 are allowed"});
    CHECK(out.report.items == 2);
    CHECK(line_of(*out.contents, "b.example") == "b.example 3");
  }
}

TEST_CASE("a heading is taken only where a file begins with it") {
  CHECK(read("# by hand\nnetwork,country\n192.0.2.0/24,DE\n").report.bad_lines == 0);
  CHECK(bad_lines(read("192.0.2.0/24,DE\nnetwork,country\n").report) ==
        Lines{"l:2: the first column is the word 'network': it has to be an address or a name"});
}

TEST_CASE("of many bad lines the first are kept, and all are counted") {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += "not an item\n";
  }
  const Outcome out = read(text);
  CHECK(out.report.bad_lines == 1000);
  CHECK(out.report.first_bad.size() == ListReport::max_kept);
  CHECK(out.report.first_bad.back().location() == SourceLocation{"l", 100});
}

TEST_CASE("a file that is no text is refused as a whole") {
  CHECK(read("\x1f\x8b\x08 and so on\nx\n").error ==
        "l:0: it is compressed (gzip): unpack it first");
  CHECK(read(std::string("\xff\xfe") + "a\n").error == "l:0: it is UTF-16: save it as UTF-8");
  CHECK(read(std::string("ab\0cd\nx\n", 8)).error == "l:0: it is binary, not text");
  CHECK(read("<!DOCTYPE html>\n<body>\n").error == "l:0: it is a page (HTML), not a list");
  CHECK(read(std::string(100, '\0')).error == "it is binary, not text");
  CHECK(read(std::string(100'000, '\0'), 10).error == "it is binary, not text");
  CHECK(bad_lines(read(std::string("a.org\nb\0c\n", 10)).report) ==
        Lines{"l:2: the line has a NUL byte in it"});
}

TEST_CASE("an empty list is no error here, and has nothing") {
  CHECK(read("").report.lines == 0);
  CHECK(read("# nothing\n\n").report.items == 0);
}

TEST_CASE("an exception takes a name out of the others, unless that is the more important") {
  const Outcome out = read(
      "||example.org^\n@@||www.example.org^\n||ads.www.example.org^$important\n"
      "@@||good.ads.www.example.org^$important\nother.org\n");
  const SetContents& set = *out.contents;
  CHECK(set.size() == 3);
  CHECK(set.contains("example.org"));
  CHECK_FALSE(set.contains("www.example.org"));
  CHECK_FALSE(set.contains("a.www.example.org"));
  CHECK(line_of(set, "ads.www.example.org") == ".ads.www.example.org 3");
  CHECK_FALSE(set.contains("good.ads.www.example.org"));
  CHECK(set.contains("other.org"));
}

// A list that is made as it is read.
class StandIn final : public ListSource {
 public:
  explicit StandIn(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Result<std::size_t> read(std::span<char> into) override {
    if (at_ == pieces_.size()) {
      return Error("it broke off");
    }
    const std::string& piece = pieces_[at_++];
    std::copy(piece.begin(), piece.end(), into.begin());
    return piece.size();
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
};

TEST_CASE("a source that ends in an error makes none of its list count") {
  SetBuilder builder;
  StandIn source({"a.example\n", "b.example\n"});
  const auto read = read_list(source, "l", builder);
  REQUIRE_FALSE(read);
  CHECK(read.error().text() == "it broke off");
  CHECK(read.error().location() == SourceLocation{"l", 0});
  StandIn whole({"a.example\n", ""});
  CHECK(read_list(whole, "l", builder).value().items == 1);
}

// Reads a file to its end, with something that happens after its first piece.
std::string read_file(
    const std::string& path, const std::function<void()>& meanwhile = [] {}) {
  auto source = open_list(path);
  if (!source) {
    return source.error().text();
  }
  std::array<char, 4> piece{};
  for (bool is_first = true; true; is_first = false) {
    const auto got = source.value()->read(piece);
    if (!got) {
      return got.error().text();
    }
    if (got.value() == 0) {
      return "read";
    }
    if (is_first) {
      meanwhile();
    }
  }
}

TEST_CASE("a list is a regular file, and stays what it is while it is read") {
  const Folder folder;
  const std::string path = folder / "list";
  const auto write = [&](const std::string& to, const std::string& text) {
    std::ofstream(to, std::ios::app) << text;
  };
  CHECK(read_file(path) == "there is no such file");
  write(path, "example.org\n");
  CHECK(read_file(path) == "read");
  CHECK(read_file(folder / "") == "it is a directory");
  const std::string fifo = folder / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(read_file(fifo) == "it is not a regular file");
  CHECK(read_file("/dev/zero") == "it is not a regular file");

  CHECK(read_file(path, [&] { write(path, "more.example\n"); }) ==
        "it was changed while being read");
  CHECK(read_file(path, [&] { std::filesystem::resize_file(path, 5); }) ==
        "it was changed while being read");
  CHECK(read_file(path, [&] {
          write(folder / "new", "example.net\n");
          std::filesystem::rename(folder / "new", path);
        }) == "it was replaced while being read");
  CHECK(read_file(path, [&] { std::filesystem::remove(path); }) == "it vanished while being read");
}

}  // namespace
}  // namespace weir
