/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls.c - certificates, and the server's end of a TLS connection.
 *
 * TLS 1.2 and later, no renegotiation, OpenSSL's own choice of the rest, which
 * the system's configuration of it can narrow.  With a file of authorities a
 * client has to have a certificate that one of them has signed, or, of the
 * pages with users, may have one.
 *
 * A context is a port's configuration's: it is made when that is read, so that
 * a file that is wrong is a mistake in the configuration, and a reload has the
 * renewed one.  Connections that are there keep theirs.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "gateway/gateway.h"

/* What OpenSSL says of its last error, in short. */
static void
reason(char *why, size_t size, const char *path)
{
	const unsigned long error = ERR_peek_last_error();
	const char *const text = ERR_reason_error_string(error);

	snprintf(why, size, "%s: %s", path, text != NULL ? text :
	    ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) :
	    "cannot be used");
	ERR_clear_error();
}

/* A key that wants a pass phrase: OpenSSL would ask the terminal, and a reload
   wait for that. */
static int
no_phrase(char *buf, int size, int writes, void *arg)
{

	(void)buf;
	(void)size;
	(void)writes;
	(void)arg;
	return -1;
}

/*
 * ctx = tls_new(certificate, key, clients, must, why, size)
 *
 *	Files in PEM; clients, the authorities, may be "".  must: a client has
 *	to have a certificate; else it may.  NULL: why says what is wrong.
 */
SSL_CTX *
tls_new(const char *certificate, const char *key, const char *clients,
    bool must, char *why, size_t size)
{
	SSL_CTX *const ctx = SSL_CTX_new(TLS_server_method());
	const char *path = certificate;

	if (ctx == NULL) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	ERR_clear_error();
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(ctx, no_phrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, path) == 1) {
		path = key;
		if (SSL_CTX_use_PrivateKey_file(ctx, path,
		    SSL_FILETYPE_PEM) == 1 &&
		    SSL_CTX_check_private_key(ctx) == 1) {
			path = clients;
			if (path[0] == '\0')
				return ctx;
			if (SSL_CTX_load_verify_file(ctx, path) == 1) {
				SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
				    (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT :
				    0), NULL);
				SSL_CTX_set_client_CA_list(ctx,
				    SSL_load_client_CA_file(path));
				/* Or a client's session could not go on. */
				(void)SSL_CTX_set_session_id_context(ctx,
				    (const unsigned char *)"gw", 2);
				return ctx;
			}
		}
	}
	reason(why, size, path);
	SSL_CTX_free(ctx);
	return NULL;
}

/* Somebody else has it too from now on, and frees it. */
void
tls_share(SSL_CTX *ctx)
{

	if (ctx != NULL)
		(void)SSL_CTX_up_ref(ctx);
}

void
tls_free(SSL_CTX *ctx)
{

	SSL_CTX_free(ctx);
}

/* One connection's; NULL: no memory. */
SSL *
tls_accept(SSL_CTX *ctx)
{

	return SSL_new(ctx);
}

void
tls_end(SSL *ssl)
{

	SSL_free(ssl);
}

/*
 * tls_name(ssl, name, size)
 *
 *	The common name of the client's certificate, as far as it can be
 *	printed; "" if it has none.
 */
void
tls_name(SSL *ssl, char *name, size_t size)
{
	X509 *const cert = SSL_get_peer_certificate(ssl);
	char *p;

	name[0] = '\0';
	if (cert == NULL)
		return;
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
	    NID_commonName, name, (int)size);
	for (p = name; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	X509_free(cert);
}

/* ---- whose certificate it is ---------------------------------------- */

/*
 * is = tls_is_cn(ssl, name)
 *
 *	Is this the one common name of the client's certificate?  One that has
 *	two, or a NUL in it, is nobody's.
 *
 * is = tls_is_dns(ssl, name), tls_is_email(ssl, name)
 *
 *	Is this among its alternative names, as a host or as an address?
 *	Wildcards are for servers.
 */
bool
tls_is_cn(SSL *ssl, const char *name)
{
	X509 *const cert = SSL_get_peer_certificate(ssl);
	const X509_NAME *const subject = cert == NULL ? NULL :
	    X509_get_subject_name(cert);
	unsigned char *text = NULL;
	bool is = false;
	int at, n;

	if (subject != NULL) {
		at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
		if (at >= 0 && X509_NAME_get_index_by_NID(subject,
		    NID_commonName, at) < 0 &&
		    (n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, at)))) >= 0) {
			is = (size_t)n == strlen(name) &&
			    memcmp(text, name, (size_t)n) == 0;
			OPENSSL_free(text);
		}
	}
	X509_free(cert);
	return is;
}

bool
tls_is_dns(SSL *ssl, const char *name)
{
	X509 *const cert = SSL_get_peer_certificate(ssl);
	const bool is = cert != NULL && name[0] != '.' && X509_check_host(cert, name, 0,
	    X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
	    NULL) == 1;

	X509_free(cert);
	return is;
}

bool
tls_is_email(SSL *ssl, const char *name)
{
	X509 *const cert = SSL_get_peer_certificate(ssl);
	const bool is = cert != NULL && X509_check_email(cert, name, 0,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) == 1;

	X509_free(cert);
	return is;
}
