/* SPDX-License-Identifier: MIT */
/* The calls of OpenSSL fail only if there is no memory, or no SHA-256: __new() has seen both. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "object_hash.h"

struct object_hash {
	EVP_MD_CTX *context;
};

struct object_hash *object_hash__new(void)
{
	struct object_hash *hash = calloc(1, sizeof(*hash));

	if (!hash)
		return NULL;
	hash->context = EVP_MD_CTX_new();
	if (hash->context && EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL))
		return hash;
	object_hash__free(hash);
	return NULL;
}

void object_hash__free(struct object_hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

void object_hash__add(struct object_hash *hash, const void *bytes, size_t len)
{
	(void)EVP_DigestUpdate(hash->context, bytes, len);
}

void object_hash__end(struct object_hash *hash, unsigned char ret[OBJECT_HASH_BYTES])
{
	(void)EVP_DigestFinal_ex(hash->context, ret, NULL);
	/* with the same algorithm */
	(void)EVP_DigestInit_ex(hash->context, NULL, NULL);
}
