/* SPDX-License-Identifier: MIT */
/* Keys as text, and their files. */
#include "seal_fixture.h"

#include "temp_dir.h"

/* crypto_scalarmult_base() of 32 bytes of 1, as RFC 7748's X25519 has it. */
#define PUBLIC_1 "ttlog-pub-pOCSkrZRwni5dyxWn1-puxPZBrRqtoyd-dwrRAn4ogk"
#define SECRET_1 "ttlog-secret-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static int setup(void **state)
{
	static char dir[] = "/tmp/test_seal_keys.XXXXXX";

	memcpy(strrchr(dir, '.') + 1, "XXXXXX", 6);
	*state = dir;
	return sodium_init() < 0 || !mkdtemp(dir);
}

static int teardown(void **state)
{
	return temp_dir__remove(*state);
}

static const char *file_of(const char *dir, const char *text, mode_t mode)
{
	static char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/keys", dir);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	return path;
}

static void test_seal_keys_as_text(void **state)
{
	unsigned char secret[SEAL_KEY_BYTES], public[SEAL_KEY_BYTES], parsed[SEAL_KEY_BYTES];
	char text[SEAL_KEY_TEXT_BYTES];

	(void)state;
	memset(secret, 1, sizeof(secret));
	(void)crypto_scalarmult_base(public, secret);
	seal_key__text(SEAL_KEY_SECRET, secret, text);
	assert_string_equal(text, SECRET_1);
	seal_key__text(SEAL_KEY_PUBLIC, public, text);
	assert_string_equal(text, PUBLIC_1);
	assert_int_equal(seal_key__parse(SEAL_KEY_PUBLIC, text, strlen(text), parsed), 0);
	assert_memory_equal(parsed, public, sizeof(parsed));
	assert_int_equal(seal_key__parse(SEAL_KEY_SECRET, text, strlen(text), parsed), -EINVAL);
	for (size_t len = 0; len < strlen(text); len++)
		assert_int_equal(seal_key__parse(SEAL_KEY_PUBLIC, text, len, parsed), -EINVAL);
	text[15] = '!';
	assert_int_equal(seal_key__parse(SEAL_KEY_PUBLIC, text, strlen(text), parsed), -EINVAL);
}

static void test_seal_keys_of_recipients(void **state)
{
	struct recipients recipients = { .cnt = 0 };
	char why[256] = "", text[RECIPIENTS_TEXT_BYTES];

	assert_int_equal(recipients__add_file(
				 &recipients,
				 file_of(*state, "# ours\n\n  " PUBLIC_1 " \r\n" PUBLIC_1, 0644),
				 why, sizeof(why)),
			 0);
	assert_int_equal(recipients.cnt, 1);
	recipients__text(&recipients, text);
	assert_string_equal(text, PUBLIC_1 "\n");
}

static void expect_refused(void **state, const char *text, mode_t mode, const char *word)
{
	struct recipients recipients = { .cnt = 0 };
	char why[256] = "";

	assert_int_equal(
		recipients__add_file(&recipients, file_of(*state, text, mode), why, sizeof(why)),
		-EINVAL);
	if (!strstr(why, word) || strncmp(why, *state, strlen(*state)) != 0)
		fail_msg("%s", why);
}

static void test_seal_keys_that_no_file_may_have(void **state)
{
	static char many[70 * SEAL_KEY_TEXT_BYTES];
	struct recipients recipients = { .cnt = 0 };
	char why[256] = "";

	expect_refused(state, "", 0600, "no public key");
	expect_refused(state, "# nothing\n", 0600, "no public key");
	expect_refused(state, "hello\n", 0600, "is no public key");
	expect_refused(state, PUBLIC_1 " " PUBLIC_1 "\n", 0600, "is no public key");
	expect_refused(state, SECRET_1 "\n", 0600, "secret key");
	expect_refused(state, PUBLIC_1, 0620, "write");
	expect_refused(state, PUBLIC_1, 0602, "write");
	for (size_t i = 0, at = 0; i < 65; i++) {
		unsigned char public[SEAL_KEY_BYTES], secret[SEAL_KEY_BYTES];
		char text[SEAL_KEY_TEXT_BYTES];

		(void)crypto_box_keypair(public, secret);
		seal_key__text(SEAL_KEY_PUBLIC, public, text);
		at += (size_t)sprintf(many + at, "%s\n", text);
	}
	expect_refused(state, many, 0600, "64");
	assert_int_equal(recipients__add_file(&recipients, *state, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "no regular file"));
	assert_int_equal(recipients__add_file(&recipients, "/nowhere/keys", why, sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "/nowhere/keys: No such file or directory");
}

static void test_seal_keys_are_made_and_read(void **state)
{
	struct secret_keys keys = { .cnt = 0 };
	char path[64], public[SEAL_KEY_TEXT_BYTES], text[SEAL_KEY_TEXT_BYTES], why[256] = "";
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/made", (const char *)*state);
	assert_int_equal(secret_keys__make_file(path, public, why, sizeof(why)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(secret_keys__add_file(&keys, path, why, sizeof(why)), 0);
	assert_int_equal(keys.cnt, 1);
	seal_key__text(SEAL_KEY_PUBLIC, keys.public[0], text);
	assert_string_equal(text, public);
	/* one that is there stays */
	assert_int_equal(secret_keys__make_file(path, text, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "there is a file already"));
	secret_keys__fini(&keys);
	assert_int_equal(secret_keys__add_file(&keys, path, why, sizeof(why)), 0);
	seal_key__text(SEAL_KEY_PUBLIC, keys.public[0], text);
	assert_string_equal(text, public);
	/* others can read it */
	for (mode_t mode = 0; mode < 0100; mode++) {
		assert_int_equal(chmod(path, 0600 | mode), 0);
		assert_int_equal(secret_keys__add_file(&keys, path, why, sizeof(why)),
				 mode ? -EINVAL : 0);
	}
	secret_keys__fini(&keys);
	assert_int_equal(
		secret_keys__add_file(&keys, file_of(*state, PUBLIC_1, 0600), why, sizeof(why)),
		-EINVAL);
	assert_non_null(strstr(why, "is no secret key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_seal_keys_as_text),
		CASE(test_seal_keys_of_recipients),
		CASE(test_seal_keys_that_no_file_may_have),
		CASE(test_seal_keys_are_made_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
