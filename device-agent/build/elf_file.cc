#include "device-agent/build/elf_file.h"

#include <gelf.h>

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, EndElf>;

absl::Status Broken(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat("ELF file: %s (%s)", what, elf_errmsg(-1)));
}

// The bytes must outlive the handle; libelf only reads them.
absl::StatusOr<ElfHandle> Open(const std::string& bytes) {
  if (elf_version(EV_CURRENT) == EV_NONE) return Broken("libelf is out of date");
  ElfHandle elf(elf_memory(const_cast<char*>(bytes.data()), bytes.size()));
  GElf_Ehdr header;
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF ||
      gelf_getehdr(elf.get(), &header) == nullptr) {
    return Broken("not an ELF file");
  }
  if (gelf_getclass(elf.get()) != ELFCLASS32 || header.e_machine != EM_ARM) {
    return Broken("not for a 32-bit Arm core");
  }
  return elf;
}

absl::Status ReadSymbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header,
                         ElfContents* contents) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return Broken("unreadable symbols");
  const size_t count = header.sh_size / header.sh_entsize;
  for (size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) return Broken("bad symbol");
    if (GELF_ST_BIND(symbol.st_info) == STB_LOCAL || symbol.st_shndx == SHN_UNDEF) continue;
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr) return Broken("symbol without a name");
    contents->symbols[name] = static_cast<uint32_t>(symbol.st_value);
    contents->symbol_bytes[name] = static_cast<int64_t>(symbol.st_size);
  }
  return absl::OkStatus();
}

absl::Status ReadSections(Elf* elf, ElfContents* contents) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return Broken("no section names");
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) return Broken("bad section");
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr) return Broken("section without a name");
    if ((header.sh_flags & SHF_ALLOC) != 0) {
      contents->section_bytes[name] += static_cast<int64_t>(header.sh_size);
    }
    if (header.sh_type == SHT_SYMTAB) {
      BL_RETURN_IF_ERROR(ReadSymbols(elf, section, header, contents));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadSegments(Elf* elf, const std::string& bytes, ElfContents* contents) {
  size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return Broken("no program headers");
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) return Broken("bad segment");
    if (header.p_type != PT_LOAD || header.p_filesz == 0) continue;
    if (header.p_offset > bytes.size() || header.p_filesz > bytes.size() - header.p_offset) {
      return Broken("a segment lies outside the file");
    }
    const auto begin = bytes.begin() + static_cast<int64_t>(header.p_offset);
    contents->segments.push_back({static_cast<uint32_t>(header.p_paddr),
                                  {begin, begin + static_cast<int64_t>(header.p_filesz)}});
  }
  std::sort(contents->segments.begin(), contents->segments.end(),
            [](const LoadSegment& a, const LoadSegment& b) { return a.address < b.address; });
  return absl::OkStatus();
}

int64_t BytesOf(const ElfContents& contents, const std::string& section) {
  const auto found = contents.section_bytes.find(section);
  return found == contents.section_bytes.end() ? 0 : found->second;
}

}  // namespace

absl::StatusOr<ElfContents> ReadElf(const std::string& elf) {
  BL_ASSIGN_OR_RETURN(ElfHandle handle, Open(elf));
  ElfContents contents;
  BL_RETURN_IF_ERROR(ReadSections(handle.get(), &contents));
  BL_RETURN_IF_ERROR(ReadSegments(handle.get(), elf, &contents));
  return contents;
}

ImageSize SizeOf(const ElfContents& contents, int64_t weight_bytes) {
  ImageSize size;
  for (const LoadSegment& segment : contents.segments) {
    size.flash += static_cast<int64_t>(segment.bytes.size());
  }
  size.code = BytesOf(contents, ".vectors") + BytesOf(contents, ".text");
  size.weights = weight_bytes;
  size.constants = size.flash - size.code - size.weights;
  size.data = BytesOf(contents, ".data") + BytesOf(contents, ".bss");
  for (const auto& [name, bytes] : contents.section_bytes) {
    if (absl::StartsWith(name, ".arena")) size.arena += bytes;
  }
  return size;
}

absl::StatusOr<std::vector<LoadSegment>> LoadSegments(const FirmwareImage& image) {
  BL_ASSIGN_OR_RETURN(ElfContents contents, ReadElf(image.elf));
  return contents.segments;
}

}  // namespace boardloop
