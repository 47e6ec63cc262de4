/* SPDX-License-Identifier: Apache-2.0 */
/* The host in C in front of a device that is made up, and bytes worked out by hand. */
#include <stdio.h>
#include <string.h>

#include "assay_host.h"

static int failures;

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  printf("line %d: %s\n", line, what);
  ++failures;
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Frames of 2 x 3 pixels of 2 channels, UINT4, a pixel a beat, channels last. */
static const assay_stream kStreams[] = {{"image",
                                         "image",
                                         "idma0",
                                         0,
                                         64,
                                         "UINT4",
                                         4,
                                         0,
                                         0,
                                         4,
                                         {1, 2, 3, 2},
                                         {0, 3, 1, 2},
                                         2,
                                         6,
                                         1,
                                         1,
                                         0},
                                        {"image",
                                         "image",
                                         "odma0",
                                         0,
                                         64,
                                         "UINT4",
                                         4,
                                         0,
                                         0,
                                         4,
                                         {1, 2, 3, 2},
                                         {0, 3, 1, 2},
                                         2,
                                         6,
                                         1,
                                         1,
                                         0}};
static const assay_description kDescription = {"made up", HASH, 100, 1, 1, kStreams, NULL};

static assay_stream row(unsigned lanes, unsigned bits, int is_signed, int is_bipolar,
                        unsigned slot) {
  assay_stream s = kStreams[0];
  s.dtype = is_bipolar ? "BIPOLAR" : "of the test";
  s.bits = bits;
  s.is_signed = is_signed;
  s.is_bipolar = is_bipolar;
  s.rank = 2;
  s.shape[1] = s.lanes = lanes;
  s.perm[1] = 1;
  s.beats = 1;
  s.beat_bytes = s.slot_bytes = slot;
  return s;
}

/* ---- Bytes by hand */

static void packs_a_pixel(void) {
  const int64_t image[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; /* channel 0, channel 1 */
  const unsigned char bytes[6] = {0x60, 0x71, 0x82, 0x93, 0xa4, 0xb5};
  unsigned char memory[6];
  int64_t back[12];
  EXPECT(assay_pack(&kStreams[0], image, 1, memory, 6, NULL) == ASSAY_OK);
  EXPECT(memcmp(memory, bytes, 6) == 0);
  EXPECT(assay_unpack(&kStreams[0], memory, 6, 1, back, NULL) == ASSAY_OK);
  EXPECT(memcmp(back, image, sizeof image) == 0);
}

static void check_row(assay_stream s, const int64_t* values, const unsigned char* bytes) {
  unsigned char memory[16];
  int64_t back[4];
  memset(memory, 0xff, sizeof memory); /* what a beat leaves of its slot becomes zero */
  EXPECT(assay_pack(&s, values, 1, memory, sizeof memory, NULL) == ASSAY_OK);
  EXPECT(memcmp(memory, bytes, s.slot_bytes) == 0);
  EXPECT(assay_unpack(&s, memory, sizeof memory, 1, back, NULL) == ASSAY_OK);
  EXPECT(memcmp(back, values, s.lanes * sizeof *values) == 0);
}

static void packs_rows(void) {
  const int64_t signs[3] = {-1, 2, -4}, poles[3] = {1, -1, 1}, bits[3] = {1, 0, 1},
                bytes[2] = {-2, 127};
  const int64_t wide[2] = {0xabcdef012345, 0x123456789abc}, deep[1] = {-0x7fffffffffffffff - 1};
  const int64_t odd[2] = {-0x8000, 0xffff};
  check_row(row(3, 3, 1, 0, 2), signs, (const unsigned char*)"\x17\x01"); /* 111, 010, 100 */
  check_row(row(3, 1, 0, 1, 1), poles, (const unsigned char*)"\x05");
  check_row(row(3, 1, 0, 0, 4), bits, (const unsigned char*)"\x05\0\0\0");
  check_row(row(2, 8, 1, 0, 2), bytes, (const unsigned char*)"\xfe\x7f");
  check_row(row(2, 48, 0, 0, 16), wide,
            (const unsigned char*)"\x45\x23\x01\xef\xcd\xab\xbc\x9a\x78\x56\x34\x12\0\0\0\0");
  check_row(row(1, 64, 1, 0, 8), deep, (const unsigned char*)"\0\0\0\0\0\0\0\x80");
  /* 17 bits: 1 1000.. of -0x8000, then 0 1111.. */
  check_row(row(2, 17, 1, 0, 8), odd, (const unsigned char*)"\x00\x80\xff\xff\x01\0\0\0");
}

static void refuses_values(void) {
  const assay_stream poles = row(3, 1, 0, 1, 1), three = row(3, 3, 1, 0, 2);
  const int64_t zero[3] = {1, 0, 1}, high[3] = {0, 4, 0}, low[3] = {-5, 0, 0};
  unsigned char memory[2] = {0xaa, 0xaa};
  assay_message message;
  EXPECT(assay_pack(&poles, zero, 1, memory, 2, &message) == ASSAY_ERROR_VALUE);
  EXPECT(strstr(message.text, "-1 and 1, not 0 (value 1)") != NULL);
  EXPECT(assay_pack(&three, high, 1, memory, 2, &message) == ASSAY_ERROR_VALUE);
  EXPECT(strstr(message.text, "from -4 to 3, not 4 (value 1)") != NULL);
  EXPECT(assay_pack(&three, low, 1, memory, 2, &message) == ASSAY_ERROR_VALUE);
  EXPECT(assay_pack(&three, low, 1, memory, 1, &message) == ASSAY_ERROR_BUFFER);
  EXPECT(memory[0] == 0xaa && memory[1] == 0xaa);
}

/* ---- A device that moves what idma0 reads to where odma0 writes */

typedef struct fake {
  unsigned char memory[256];
  uint32_t registers[2][32];
  int stuck, order; /* the mover that was started first */
} fake;

static int fake_read(void* context, unsigned mover, unsigned offset, uint32_t* value) {
  fake* f = context;
  *value = f->registers[mover][offset / 4];
  if (offset == 0) f->registers[mover][0] = 4; /* done is cleared by reading */
  return offset >= 0x80;
}

static int fake_write(void* context, unsigned mover, unsigned offset, uint32_t value) {
  fake* f = context;
  f->registers[mover][offset / 4] = value;
  if (offset != 0) return 0;
  f->registers[mover][0] = 4;
  if (f->order < 0) f->order = (int)mover;
  if (mover == 0 && !f->stuck) {
    memcpy(f->memory + f->registers[1][4], f->memory + f->registers[0][4], 6 * f->registers[0][7]);
    f->registers[0][0] = f->registers[1][0] = 6;
  }
  return 0;
}

static const assay_access kNone = {NULL, fake_read, fake_write, NULL, NULL};

static assay_access begin(fake* f) {
  assay_access access = kNone;
  unsigned m, i;
  memset(f, 0, sizeof *f);
  f->order = -1;
  for (m = 0; m < 2; ++m) {
    f->registers[m][0] = 4; /* idle */
    f->registers[m][0x34 / 4] = 1;
    f->registers[m][0x38 / 4] = 6;
    f->registers[m][0x3c / 4] = 64;
    f->registers[m][0x28 / 4] = 600;
    f->registers[m][0x2c / 4] = 2;
    for (i = 0; i < 8; ++i) f->registers[m][0x40 / 4 + i] = i % 2 ? 0x89abcdef : 0x01234567;
  }
  access.context = f;
  return access;
}

static void open_with_buffers(assay_device* device, fake* f, size_t bytes) {
  const assay_access access = begin(f);
  assay_buffer in = {NULL, 64, 0}, out = {NULL, 128, 0};
  in.memory = f->memory + 64;
  out.memory = f->memory + 128;
  in.bytes = out.bytes = bytes;
  EXPECT(assay_open(device, &kDescription, &access) == ASSAY_OK);
  EXPECT(assay_set_buffer(device, 0, in) == ASSAY_OK);
  EXPECT(assay_set_buffer(device, 1, out) == ASSAY_OK);
}

static void gives_back_what_it_was_given(void) {
  int64_t values[24], back[24];
  uint64_t cycles = 0;
  fake f;
  assay_device device;
  int i;
  for (i = 0; i < 24; ++i) values[i] = i * 7 % 16;
  open_with_buffers(&device, &f, 16);
  EXPECT(assay_load(&device, 0, values, 2) == ASSAY_OK);
  EXPECT(assay_start(&device, 2) == ASSAY_OK);
  EXPECT(assay_wait(&device, 1) == ASSAY_OK);
  EXPECT(f.order == 1); /* who waits begins first */
  EXPECT(assay_fetch(&device, 0, back, 2) == ASSAY_OK);
  EXPECT(memcmp(values, back, sizeof values) == 0);
  EXPECT(assay_cycles(&device, 1, &cycles) == ASSAY_OK);
  EXPECT(cycles == ((uint64_t)2 << 32) + 600);
}

static void refuses_other_hardware(void) {
  fake f;
  assay_device device;
  assay_access access = begin(&f);
  f.registers[1][0x5c / 4] ^= 1; /* the last digit of the last mover */
  EXPECT(assay_open(&device, &kDescription, &access) == ASSAY_ERROR_HASH);
  EXPECT(strstr(device.message.text,
                "odma0: the bitstream that is loaded was built from other RTL") != NULL);
  access = begin(&f);
  f.registers[0][0x38 / 4] = 7;
  EXPECT(assay_open(&device, &kDescription, &access) == ASSAY_ERROR_STREAM);
  EXPECT(strcmp(device.message.text, "idma0 has frame_beats 7, accelerator.h says 6") == 0);
  access = begin(&f);
  f.registers[1][0x34 / 4] = 2;
  EXPECT(assay_open(&device, &kDescription, &access) == ASSAY_ERROR_STREAM);
  access = begin(&f);
  f.registers[1][0x3c / 4] = 128;
  EXPECT(assay_open(&device, &kDescription, &access) == ASSAY_ERROR_STREAM);
  access.read = NULL;
  EXPECT(assay_open(&device, &kDescription, &access) == ASSAY_ERROR_USAGE);
}

static void refuses_buffers(void) {
  const int64_t values[24] = {0};
  int64_t back[24];
  fake f;
  assay_device device;
  assay_buffer odd = {NULL, 68, 16};
  open_with_buffers(&device, &f, 11);
  EXPECT(assay_load(&device, 0, values, 2) == ASSAY_ERROR_BUFFER);
  EXPECT(strcmp(device.message.text,
                "the buffer of idma0 holds 11 bytes; 2 frames take 6 bytes each") == 0);
  EXPECT(assay_start(&device, 2) == ASSAY_ERROR_BUFFER && f.order == -1);
  EXPECT(assay_start(&device, UINT64_MAX) == ASSAY_ERROR_BUFFER);
  EXPECT(assay_fetch(&device, 0, back, 2) == ASSAY_ERROR_BUFFER);
  EXPECT(assay_set_buffer(&device, 0, odd) == ASSAY_ERROR_BUFFER);
  EXPECT(assay_set_buffer(&device, 2, odd) == ASSAY_ERROR_USAGE);
  EXPECT(assay_load(&device, 1, values, 1) == ASSAY_ERROR_USAGE);
  EXPECT(assay_fetch(&device, 1, back, 1) == ASSAY_ERROR_USAGE);
}

static void tells_errors_and_ends(void) {
  fake f;
  assay_device device;
  open_with_buffers(&device, &f, 16);
  f.registers[0][0x24 / 4] = 2;
  EXPECT(assay_start(&device, 1) == ASSAY_OK);
  EXPECT(assay_wait(&device, 1) == ASSAY_ERROR_HARDWARE);
  EXPECT(strcmp(device.message.text, "idma0: decode_error: a response of the memory was DECERR") ==
         0);
  f.stuck = 1;
  EXPECT(assay_start(&device, 1) == ASSAY_OK);
  EXPECT(assay_wait(&device, 0.05) == ASSAY_ERROR_TIME);
  EXPECT(strcmp(device.message.text, "idma0, odma0 not done within 0.05 s") == 0);
  f.registers[0][0] = 6; /* one of them */
  EXPECT(assay_wait(&device, 0.05) == ASSAY_ERROR_TIME);
  EXPECT(strcmp(device.message.text, "odma0 not done within 0.05 s") == 0);
}

static void maps_registers(void) {
  /* A file stands for /dev/mem: movers at 0x1000 and 0x2000. */
  assay_stream streams[2];
  assay_description description = kDescription;
  assay_mapping mapping;
  assay_message message;
  assay_access access;
  uint32_t value = 0;
  FILE* file = fopen("memory", "w+b");
  memcpy(streams, kStreams, sizeof streams);
  streams[0].address = 0x1000;
  streams[1].address = 0x20000;
  description.streams = streams;
  EXPECT(file != NULL && fseek(file, 0x21000, SEEK_SET) == 0 && fputc(0, file) == 0);
  fclose(file);
  EXPECT(assay_map_memory(&mapping, &description, "memory", &message) == ASSAY_OK);
  access = assay_mapped(&mapping);
  EXPECT(access.write(access.context, 1, 0x10, 0x12345678) == 0);
  EXPECT(access.read(access.context, 1, 0x10, &value) == 0 && value == 0x12345678);
  EXPECT(access.read(access.context, 0, 0x10, &value) == 0 && value == 0);
  assay_unmap(&mapping);
  file = fopen("memory", "rb");
  EXPECT(file != NULL && fseek(file, 0x20010, SEEK_SET) == 0 && fgetc(file) == 0x78);
  fclose(file);
  remove("memory");
  EXPECT(assay_map_memory(&mapping, &description, "nowhere", &message) == ASSAY_ERROR_ACCESS);
  EXPECT(strncmp(message.text, "cannot open 'nowhere': ", 23) == 0);
}

/* The port behind the movers, whole. */
static void maps_weights(void) {
  static const assay_weights weights = {0x4000, 0x2000, 1, 11, 0, NULL};
  assay_description description = kDescription;
  assay_mapping mapping;
  assay_message message;
  assay_access access;
  uint32_t value = 0;
  FILE* file = fopen("memory", "w+b");
  description.weights = &weights;
  EXPECT(file != NULL && fseek(file, 0x6000, SEEK_SET) == 0 && fputc(0, file) == 0);
  fclose(file);
  EXPECT(assay_map_memory(&mapping, &description, "memory", &message) == ASSAY_OK);
  access = assay_mapped(&mapping);
  EXPECT(access.write(access.context, 2, 0x1ffc, 0x12345678) == 0);
  EXPECT(access.read(access.context, 2, 0x1ffc, &value) == 0 && value == 0x12345678);
  assay_unmap(&mapping);
  file = fopen("memory", "rb");
  EXPECT(file != NULL && fseek(file, 0x5ffc, SEEK_SET) == 0 && fgetc(file) == 0x78);
  fclose(file);
  remove("memory");
}

/* ---- Run-time weights: two words of three columns, a column of four left empty, then three of one */

static const assay_store kStores[] = {{"first", "first_weights.hex", 0x1000, 2, 3, 4},
                                      {"second", "second_weights.hex", 0x1020, 3, 1, 1}};
static const assay_weights kWeights = {0x40020000, 0x2000, 1, 11, 2, kStores};
static const unsigned kPlaces[9] = {0x1000, 0x1004, 0x1008, 0x1010, 0x1014,
                                    0x1018, 0x1020, 0x1024, 0x1028};

/* The movers' registers, and behind them memories that answer while it is held alone. */
typedef struct fake_weights {
  fake movers;
  uint32_t words[11], hold, version;
  int busy, writes;
  unsigned broken; /* an address whose lowest bit is turned round */
} fake_weights;

static int weights_read(void* context, unsigned mover, unsigned offset, uint32_t* value) {
  fake_weights* f = context;
  if (mover < 2) return fake_read(&f->movers, mover, offset, value);
  if (offset >= 0x1000) {
    if (f->busy || !f->hold) return 1;
    *value = f->words[(offset - 0x1000) / 4] ^ (offset == f->broken);
    return 0;
  }
  *value = offset == 0   ? f->hold
           : offset == 4 ? f->hold && !f->busy
           : offset == 8 ? f->version
                         : 11;
  return 0;
}

static int weights_write(void* context, unsigned mover, unsigned offset, uint32_t value) {
  fake_weights* f = context;
  if (mover < 2) return fake_write(&f->movers, mover, offset, value);
  ++f->writes;
  if (offset == 0) {
    f->hold = value;
    return 0;
  }
  if (offset < 0x1000 || f->busy || !f->hold) return 1;
  f->words[(offset - 0x1000) / 4] = value;
  return 0;
}

static assay_description writable(void) {
  assay_description description = kDescription;
  description.weights = &kWeights;
  return description;
}

static assay_error open_weights(assay_device* device, fake_weights* f,
                                const assay_description* description) {
  assay_access access;
  memset(f->words, 0, sizeof f->words);
  f->hold = 0;
  f->writes = f->busy = 0;
  f->broken = 0;
  f->version = 1;
  begin(&f->movers);
  access = kNone;
  access.context = f;
  access.read = weights_read;
  access.write = weights_write;
  return assay_open(device, description, &access);
}

static const uint32_t kWords[9] = {1, 2, 0xffffffff, 4, 5, 6, 7, 8, 9};

static void writes_weights(void) {
  const assay_description description = writable();
  uint32_t back[9];
  fake_weights f;
  assay_device device;
  int i;
  EXPECT(open_weights(&device, &f, &description) == ASSAY_OK);
  EXPECT(assay_weight_words(&description) == 9 && assay_weight_words(&kDescription) == 0);
  EXPECT(assay_load_weights(&device, HASH, kWords, 9, 1) == ASSAY_OK);
  for (i = 0; i < 9; ++i) EXPECT(f.words[(kPlaces[i] - 0x1000) / 4] == kWords[i]);
  EXPECT(f.words[3] == 0 && f.words[7] == 0 && f.hold == 0);
  EXPECT(assay_read_weights(&device, back, 9, 1) == ASSAY_OK && f.hold == 0);
  EXPECT(memcmp(back, kWords, sizeof back) == 0);
}

/* The memories of before, the second one far behind, through 64 KiB: so many pages are added to addresses. */
typedef struct paged_weights {
  fake movers;
  uint32_t words[40000], hold, page;
  int turns;
} paged_weights;

static paged_weights far;

static int paged_access(unsigned mover, unsigned offset, uint32_t* value, int write) {
  uint32_t *registers[6] = {&far.hold, &far.hold, NULL, NULL, NULL, &far.page}, place = 0;
  if (mover < 2)
    return write ? fake_write(&far.movers, mover, offset, *value)
                 : fake_read(&far.movers, mover, offset, value);
  if (offset >= 0x10000) return 1; /* the bus ends */
  if (offset >= 0x1000) {
    place = (offset + far.page * 0x8000 - 0x1000) / 4;
    if (place >= 40000 || !far.hold) return 1;
  }
  if (offset == 8 || offset == 12) {
    *value = offset == 8 ? 1 : 40000;
    return write;
  }
  if (write && offset == 20) ++far.turns;
  if (write) *(offset < 0x1000 ? registers[offset / 4] : &far.words[place]) = *value;
  if (!write) *value = *(offset < 0x1000 ? registers[offset / 4] : &far.words[place]);
  return 0;
}
static int paged_read(void* context, unsigned mover, unsigned offset, uint32_t* value) {
  (void)context;
  return paged_access(mover, offset, value, 0);
}
static int paged_write(void* context, unsigned mover, unsigned offset, uint32_t value) {
  (void)context;
  return paged_access(mover, offset, &value, 1);
}

static void turns_pages(void) {
  static const assay_store stores[] = {{"first", "first_weights.hex", 0x1000, 2, 3, 4},
                                       {"second", "second_weights.hex", 0x18ff8, 3, 1, 1}};
  static const assay_weights weights = {0, 0x10000, 1, 40000, 2, stores};
  assay_description description = kDescription;
  assay_access access = kNone;
  uint32_t back[9];
  assay_device device;
  description.weights = &weights;
  begin(&far.movers);
  far.page = 7; /* of whoever was there before */
  access.context = &far;
  access.read = paged_read;
  access.write = paged_write;
  EXPECT(assay_open(&device, &description, &access) == ASSAY_OK);
  EXPECT(assay_load_weights(&device, HASH, kWords, 9, 1) == ASSAY_OK);
  EXPECT(far.turns == 6); /* to 0, to 2 and to 3, writing and reading back */
  EXPECT(far.words[0] == 1 && far.words[6] == 6 && far.words[3] == 0);
  EXPECT(far.words[0x17ff8 / 4] == 7 && far.words[0x17ffc / 4] == 8 && far.words[0x18000 / 4] == 9);
  EXPECT(assay_read_weights(&device, back, 9, 1) == ASSAY_OK && far.hold == 0);
  EXPECT(memcmp(back, kWords, sizeof back) == 0);
}

static void refuses_weights(void) {
  const assay_description description = writable();
  fake_weights f;
  assay_device device;
  EXPECT(open_weights(&device, &f, &description) == ASSAY_OK);
  EXPECT(assay_load_weights(&device, "f", kWords, 9, 1) == ASSAY_ERROR_HASH);
  EXPECT(strstr(device.message.text, "packed for other RTL (f...)") != NULL);
  EXPECT(assay_load_weights(&device, HASH, kWords, 8, 1) == ASSAY_ERROR_WEIGHTS);
  EXPECT(strstr(device.message.text, "8 words were given; the memories of 'made up' take 9") !=
         NULL);
  EXPECT(f.writes == 0);
  EXPECT(open_weights(&device, &f, &kDescription) == ASSAY_OK);
  EXPECT(assay_load_weights(&device, HASH, kWords, 9, 1) == ASSAY_ERROR_WEIGHTS);
  EXPECT(strstr(device.message.text, "has no run-time weights") != NULL);
}

static void tells_weights_that_fail(void) {
  const assay_description description = writable();
  uint32_t back[9];
  fake_weights f;
  assay_device device;
  EXPECT(open_weights(&device, &f, &description) == ASSAY_OK);
  f.broken = 0x1014;
  EXPECT(assay_load_weights(&device, HASH, kWords, 9, 1) == ASSAY_ERROR_HARDWARE);
  EXPECT(strstr(device.message.text,
                "first_weights.hex of 'first', word 1, column 1: 00000005 was written, 00000004 "
                "read back") != NULL);
  EXPECT(f.hold == 1); /* no frame sees it */
  EXPECT(open_weights(&device, &f, &description) == ASSAY_OK);
  f.busy = 1;
  EXPECT(assay_load_weights(&device, HASH, kWords, 9, 0.05) == ASSAY_ERROR_TIME && f.hold == 0);
  EXPECT(strstr(device.message.text, "not held within 0.05 s") != NULL);
  EXPECT(assay_read_weights(&device, back, 9, 0.05) == ASSAY_ERROR_TIME);
}

static void refuses_other_weight_ports(void) {
  assay_weights other = kWeights;
  assay_description description = writable();
  fake_weights f;
  assay_device device;
  description.weights = &other;
  other.version = 2;
  EXPECT(open_weights(&device, &f, &description) == ASSAY_ERROR_STREAM);
  EXPECT(strcmp(device.message.text,
                "the port of run-time weights has version 1, accelerator.h says 2") == 0);
  other.version = 1;
  other.words = 12;
  EXPECT(open_weights(&device, &f, &description) == ASSAY_ERROR_STREAM);
}

int main(void) {
  packs_a_pixel();
  packs_rows();
  refuses_values();
  gives_back_what_it_was_given();
  refuses_other_hardware();
  refuses_buffers();
  tells_errors_and_ends();
  maps_registers();
  maps_weights();
  writes_weights();
  turns_pages();
  refuses_weights();
  tells_weights_that_fail();
  refuses_other_weight_ports();
  EXPECT(strcmp(assay_error_name(ASSAY_ERROR_HARDWARE), "ASSAY_ERROR_HARDWARE") == 0);
  EXPECT(assay_buffer_bytes(&kStreams[0], 3) == 24);
  if (failures == 0) printf("all is as it should be\n");
  return failures != 0;
}
