CREATE TABLE "user" (
	"id" text COLLATE "C" NOT NULL,
	"username" text COLLATE "C" NOT NULL,
	"username_key" text COLLATE "C" NOT NULL,
	"email" text COLLATE "C",
	"email_key" text COLLATE "C",
	"display_name" text COLLATE "C",
	"activated" boolean NOT NULL,
	"disabled" boolean NOT NULL,
	"disabled_by_source" boolean NOT NULL,
	"technical_user" boolean NOT NULL,
	"source" text COLLATE "C" NOT NULL,
	"external_id" text COLLATE "C" NOT NULL,
	"roles" text NOT NULL,
	"claims" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"password_changed_at" bigint,
	"factors_on_record" boolean NOT NULL,
	"last_login_at" bigint,
	CONSTRAINT "user_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "group" (
	"name" text COLLATE "C" NOT NULL,
	"description" text COLLATE "C" NOT NULL,
	"roles" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "group_pkey" PRIMARY KEY("name")
);

--> statement-breakpoint
CREATE TABLE "membership" (
	"group_name" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"source" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "membership_pkey" PRIMARY KEY("group_name","user_id","source")
);

--> statement-breakpoint
CREATE TABLE "credential" (
	"source" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"value" text COLLATE "C" NOT NULL,
	CONSTRAINT "credential_pkey" PRIMARY KEY("source","name")
);

--> statement-breakpoint
CREATE TABLE "claimed_name" (
	"name" text COLLATE "C" NOT NULL,
	"claims" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "claimed_name_pkey" PRIMARY KEY("name")
);

--> statement-breakpoint
CREATE TABLE "identity_token" (
	"id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"slot" bigint NOT NULL,
	"vhost" text COLLATE "C" NOT NULL,
	"broker" text COLLATE "C" NOT NULL,
	"ip" text COLLATE "C",
	"algorithm" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"valid_until" bigint NOT NULL,
	"last_used_at" bigint NOT NULL,
	CONSTRAINT "identity_token_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "signing_key" (
	"kid" text COLLATE "C" NOT NULL,
	"algorithm" text COLLATE "C" NOT NULL,
	"generation" bigint NOT NULL,
	"sealed_private" text COLLATE "C",
	"public_jwk" text NOT NULL,
	"created_at" bigint NOT NULL,
	"active_at" bigint NOT NULL,
	"retires_at" bigint,
	"retired_at" bigint,
	CONSTRAINT "signing_key_pkey" PRIMARY KEY("kid")
);

--> statement-breakpoint
CREATE TABLE "login_failure" (
	"name" text COLLATE "C" NOT NULL,
	"network" text COLLATE "C" NOT NULL,
	"count" bigint NOT NULL,
	"next_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "login_failure_pkey" PRIMARY KEY("name","network")
);

--> statement-breakpoint
CREATE TABLE "network_failure" (
	"key" text COLLATE "C" NOT NULL,
	"count" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "network_failure_pkey" PRIMARY KEY("key")
);

--> statement-breakpoint
CREATE TABLE "resync_run" (
	"key" text COLLATE "C" NOT NULL,
	"count" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "resync_run_pkey" PRIMARY KEY("key")
);

--> statement-breakpoint
CREATE TABLE "broker" (
	"name" text COLLATE "C" NOT NULL,
	"resource_server_id" text COLLATE "C" NOT NULL,
	"version" text COLLATE "C" NOT NULL,
	"token_ttl" bigint NOT NULL,
	"description" text COLLATE "C" NOT NULL,
	"management_url" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "broker_pkey" PRIMARY KEY("name")
);

--> statement-breakpoint
CREATE TABLE "rule" (
	"id" text COLLATE "C" NOT NULL,
	"subject_kind" text COLLATE "C" NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"vhost" text COLLATE "C" NOT NULL,
	"broker" text COLLATE "C",
	"configure" text NOT NULL,
	"write" text NOT NULL,
	"read" text NOT NULL,
	"tags" text NOT NULL,
	"preset" text COLLATE "C",
	"note" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "rule_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "client" (
	"id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"logo_uri" text COLLATE "C",
	"client_uri" text COLLATE "C",
	"policy_uri" text COLLATE "C",
	"tos_uri" text COLLATE "C",
	"contacts" text NOT NULL,
	"managed_by" text COLLATE "C" NOT NULL,
	"owner_id" text COLLATE "C",
	"disabled" boolean NOT NULL,
	"confidential" boolean NOT NULL,
	"profile" text COLLATE "C",
	"auth_method" text COLLATE "C" NOT NULL,
	"secrets" text NOT NULL,
	"jwks" text,
	"jwks_uri" text COLLATE "C",
	"tls_subject" text COLLATE "C",
	"redirect_uris" text NOT NULL,
	"post_logout_redirect_uris" text NOT NULL,
	"grants" text NOT NULL,
	"scopes" text NOT NULL,
	"audiences" text NOT NULL,
	"groups" text NOT NULL,
	"roles" text NOT NULL,
	"require_pkce" boolean NOT NULL,
	"require_pushed_requests" boolean NOT NULL,
	"require_signed_requests" boolean NOT NULL,
	"require_dpop" boolean NOT NULL,
	"access_token_format" text COLLATE "C" NOT NULL,
	"access_token_ttl" bigint,
	"id_token_ttl" bigint,
	"id_token_alg" text COLLATE "C" NOT NULL,
	"userinfo_alg" text COLLATE "C",
	"assertion_algs" text NOT NULL,
	"request_object_algs" text NOT NULL,
	"refresh_policy" text COLLATE "C" NOT NULL,
	"refresh_replay_window" bigint NOT NULL,
	"refresh_idle_ttl" bigint,
	"refresh_absolute_ttl" bigint,
	"consent" text COLLATE "C" NOT NULL,
	"second_factor" boolean NOT NULL,
	"default_max_age" bigint,
	"default_acr_values" text NOT NULL,
	"backchannel_logout_uri" text COLLATE "C",
	"registration_digest" text COLLATE "C",
	"unused_since" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "client_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "registration_token" (
	"id" text COLLATE "C" NOT NULL,
	"digest" text COLLATE "C" NOT NULL,
	"note" text COLLATE "C" NOT NULL,
	"uses" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "registration_token_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "browser_session" (
	"digest" text COLLATE "C" NOT NULL,
	"sid" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"amr" text NOT NULL,
	"acr" text COLLATE "C" NOT NULL,
	"auth_time" bigint NOT NULL,
	"ip" text COLLATE "C",
	"user_agent" text COLLATE "C" NOT NULL,
	"upstream" text,
	"created_at" bigint NOT NULL,
	"last_seen_at" bigint NOT NULL,
	"ends_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "browser_session_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "session_client" (
	"sid" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "session_client_pkey" PRIMARY KEY("sid","client_id")
);

--> statement-breakpoint
CREATE TABLE "begun_by_stranger" (
	"key" text COLLATE "C" NOT NULL,
	"count" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "begun_by_stranger_pkey" PRIMARY KEY("key")
);

--> statement-breakpoint
CREATE TABLE "logout_notice" (
	"id" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"sid" text COLLATE "C" NOT NULL,
	"attempts" bigint NOT NULL,
	"next_at" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "logout_notice_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "ended_login" (
	"user_id" text COLLATE "C" NOT NULL,
	CONSTRAINT "ended_login_pkey" PRIMARY KEY("user_id")
);

--> statement-breakpoint
CREATE TABLE "device_code" (
	"digest" text COLLATE "C" NOT NULL,
	"user_digest" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C",
	"state" text COLLATE "C" NOT NULL,
	"authorization" text NOT NULL,
	"ip" text COLLATE "C",
	"interval" bigint NOT NULL,
	"next_poll_at" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"valid_until" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "device_code_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "pushed_request" (
	"digest" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"parameters" text NOT NULL,
	"signed" boolean NOT NULL,
	"created_at" bigint NOT NULL,
	"valid_until" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "pushed_request_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "interaction" (
	"digest" text COLLATE "C" NOT NULL,
	"binding_digest" text COLLATE "C",
	"request" text,
	"next" text COLLATE "C",
	"for_client" text COLLATE "C",
	"proven" text,
	"login_sid" text COLLATE "C",
	"consent_sid" text COLLATE "C",
	"switching" boolean NOT NULL,
	"enrolling" text COLLATE "C",
	"upstream" text,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "interaction_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "consent" (
	"user_id" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"scopes" text NOT NULL,
	"targets" text NOT NULL,
	"granted_at" bigint NOT NULL,
	CONSTRAINT "consent_pkey" PRIMARY KEY("user_id","client_id")
);

--> statement-breakpoint
CREATE TABLE "grant" (
	"id" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C",
	"sid" text COLLATE "C",
	"scopes" text NOT NULL,
	"resources" text NOT NULL,
	"broker" text COLLATE "C",
	"vhost" text COLLATE "C",
	"authorization_details" text NOT NULL,
	"claims" text,
	"auth_time" bigint,
	"acr" text COLLATE "C",
	"amr" text NOT NULL,
	"dpop_jkt" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "grant_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "authorization_code" (
	"digest" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"authorization" text NOT NULL,
	"redirect_uri" text COLLATE "C",
	"nonce" text COLLATE "C",
	"code_challenge" text COLLATE "C",
	"dpop_jkt" text COLLATE "C",
	"grant_id" text COLLATE "C" NOT NULL,
	"used_at" bigint,
	"created_at" bigint NOT NULL,
	"valid_until" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "authorization_code_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "refresh_token" (
	"digest" text COLLATE "C" NOT NULL,
	"grant_id" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"replaced_by" text COLLATE "C",
	"replaced_at" bigint,
	"sealed_replay" text COLLATE "C",
	"expires_at" bigint NOT NULL,
	CONSTRAINT "refresh_token_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "opaque_token" (
	"digest" text COLLATE "C" NOT NULL,
	"grant_id" text COLLATE "C",
	"claims" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "opaque_token_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "revoked_token" (
	"jti" text COLLATE "C" NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "revoked_token_pkey" PRIMARY KEY("jti")
);

--> statement-breakpoint
CREATE TABLE "shown_once" (
	"digest" text COLLATE "C" NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "shown_once_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "totp_factor" (
	"id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"sealed_secret" text COLLATE "C" NOT NULL,
	"confirmed" boolean NOT NULL,
	"last_step" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	"expires_at" bigint,
	CONSTRAINT "totp_factor_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "mail_factor" (
	"user_id" text COLLATE "C" NOT NULL,
	"email_key" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	CONSTRAINT "mail_factor_pkey" PRIMARY KEY("user_id")
);

--> statement-breakpoint
CREATE TABLE "mail_code" (
	"digest" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"email_key" text COLLATE "C" NOT NULL,
	"code_digest" text COLLATE "C" NOT NULL,
	"purpose" text COLLATE "C" NOT NULL,
	"attempts" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "mail_code_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "mail_code_sent" (
	"key" text COLLATE "C" NOT NULL,
	"count" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "mail_code_sent_pkey" PRIMARY KEY("key")
);

--> statement-breakpoint
CREATE TABLE "recovery_code" (
	"digest" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "recovery_code_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "passkey" (
	"digest" text COLLATE "C" NOT NULL,
	"credential_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"public_key" text COLLATE "C" NOT NULL,
	"counter" bigint NOT NULL,
	"transports" text NOT NULL,
	"synced" boolean NOT NULL,
	"rp_id" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	CONSTRAINT "passkey_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "passkey_challenge" (
	"digest" text COLLATE "C" NOT NULL,
	"purpose" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C",
	"expires_at" bigint NOT NULL,
	CONSTRAINT "passkey_challenge_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "factor_demand" (
	"user_id" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "factor_demand_pkey" PRIMARY KEY("user_id")
);

--> statement-breakpoint
CREATE TABLE "mfa_token" (
	"digest" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"client_id" text COLLATE "C",
	"requested" text NOT NULL,
	"amr" text NOT NULL,
	"auth_time" bigint NOT NULL,
	"password_changed_at" bigint,
	"attempts" bigint NOT NULL,
	"enrolling" text COLLATE "C",
	"recovery_digests" text NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "mfa_token_pkey" PRIMARY KEY("digest")
);

--> statement-breakpoint
CREATE TABLE "outgoing_mail" (
	"id" text COLLATE "C" NOT NULL,
	"sealed" text COLLATE "C" NOT NULL,
	"attempts" bigint NOT NULL,
	"next_at" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "outgoing_mail_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE TABLE "audit_event" (
	"id" text COLLATE "C" NOT NULL,
	"at" bigint NOT NULL,
	"event" text COLLATE "C" NOT NULL,
	"outcome" text COLLATE "C" NOT NULL,
	"actor" text COLLATE "C" NOT NULL,
	"target" text COLLATE "C" NOT NULL,
	"ip" text COLLATE "C",
	"request_id" text COLLATE "C" NOT NULL,
	"detail" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "audit_event_pkey" PRIMARY KEY("id")
);

--> statement-breakpoint
CREATE UNIQUE INDEX "user_username_key_idx" ON "user" USING btree ("username_key");
--> statement-breakpoint
CREATE UNIQUE INDEX "user_email_key_idx" ON "user" USING btree ("email_key");
--> statement-breakpoint
CREATE UNIQUE INDEX "user_source_external_id_idx" ON "user" USING btree ("source","external_id");
--> statement-breakpoint
CREATE INDEX "membership_user_id_source_idx" ON "membership" USING btree ("user_id","source");
--> statement-breakpoint
CREATE INDEX "claimed_name_expires_at_idx" ON "claimed_name" USING btree ("expires_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "identity_token_user_id_slot_idx" ON "identity_token" USING btree ("user_id","slot");
--> statement-breakpoint
CREATE INDEX "identity_token_valid_until_idx" ON "identity_token" USING btree ("valid_until");
--> statement-breakpoint
CREATE UNIQUE INDEX "signing_key_algorithm_generation_idx" ON "signing_key" USING btree ("algorithm","generation");
--> statement-breakpoint
CREATE INDEX "login_failure_expires_at_idx" ON "login_failure" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "network_failure_expires_at_idx" ON "network_failure" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "resync_run_expires_at_idx" ON "resync_run" USING btree ("expires_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "broker_resource_server_id_idx" ON "broker" USING btree ("resource_server_id");
--> statement-breakpoint
CREATE INDEX "rule_subject_kind_subject_idx" ON "rule" USING btree ("subject_kind","subject");
--> statement-breakpoint
CREATE INDEX "client_owner_id_idx" ON "client" USING btree ("owner_id");
--> statement-breakpoint
CREATE INDEX "client_managed_by_idx" ON "client" USING btree ("managed_by");
--> statement-breakpoint
CREATE INDEX "client_unused_since_idx" ON "client" USING btree ("unused_since");
--> statement-breakpoint
CREATE INDEX "registration_token_expires_at_idx" ON "registration_token" USING btree ("expires_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "browser_session_sid_idx" ON "browser_session" USING btree ("sid");
--> statement-breakpoint
CREATE INDEX "browser_session_user_id_created_at_idx" ON "browser_session" USING btree ("user_id","created_at");
--> statement-breakpoint
CREATE INDEX "browser_session_expires_at_idx" ON "browser_session" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "session_client_user_id_idx" ON "session_client" USING btree ("user_id");
--> statement-breakpoint
CREATE INDEX "session_client_client_id_idx" ON "session_client" USING btree ("client_id");
--> statement-breakpoint
CREATE INDEX "session_client_expires_at_idx" ON "session_client" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "begun_by_stranger_expires_at_idx" ON "begun_by_stranger" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "logout_notice_next_at_idx" ON "logout_notice" USING btree ("next_at");
--> statement-breakpoint
CREATE INDEX "logout_notice_expires_at_idx" ON "logout_notice" USING btree ("expires_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "device_code_user_digest_idx" ON "device_code" USING btree ("user_digest");
--> statement-breakpoint
CREATE INDEX "device_code_user_id_client_id_idx" ON "device_code" USING btree ("user_id","client_id");
--> statement-breakpoint
CREATE INDEX "device_code_expires_at_idx" ON "device_code" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "pushed_request_expires_at_idx" ON "pushed_request" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "interaction_expires_at_idx" ON "interaction" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "consent_client_id_idx" ON "consent" USING btree ("client_id");
--> statement-breakpoint
CREATE INDEX "grant_user_id_client_id_idx" ON "grant" USING btree ("user_id","client_id");
--> statement-breakpoint
CREATE INDEX "grant_client_id_idx" ON "grant" USING btree ("client_id");
--> statement-breakpoint
CREATE INDEX "grant_sid_idx" ON "grant" USING btree ("sid");
--> statement-breakpoint
CREATE INDEX "grant_expires_at_idx" ON "grant" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "authorization_code_expires_at_idx" ON "authorization_code" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "refresh_token_grant_id_idx" ON "refresh_token" USING btree ("grant_id");
--> statement-breakpoint
CREATE INDEX "refresh_token_expires_at_idx" ON "refresh_token" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "opaque_token_grant_id_idx" ON "opaque_token" USING btree ("grant_id");
--> statement-breakpoint
CREATE INDEX "opaque_token_expires_at_idx" ON "opaque_token" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "revoked_token_expires_at_idx" ON "revoked_token" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "shown_once_expires_at_idx" ON "shown_once" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "totp_factor_user_id_created_at_idx" ON "totp_factor" USING btree ("user_id","created_at");
--> statement-breakpoint
CREATE INDEX "totp_factor_expires_at_idx" ON "totp_factor" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "mail_code_user_id_idx" ON "mail_code" USING btree ("user_id");
--> statement-breakpoint
CREATE INDEX "mail_code_expires_at_idx" ON "mail_code" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "mail_code_sent_expires_at_idx" ON "mail_code_sent" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "recovery_code_user_id_created_at_idx" ON "recovery_code" USING btree ("user_id","created_at");
--> statement-breakpoint
CREATE INDEX "passkey_user_id_created_at_idx" ON "passkey" USING btree ("user_id","created_at");
--> statement-breakpoint
CREATE INDEX "passkey_challenge_expires_at_idx" ON "passkey_challenge" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "mfa_token_user_id_idx" ON "mfa_token" USING btree ("user_id");
--> statement-breakpoint
CREATE INDEX "mfa_token_expires_at_idx" ON "mfa_token" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "outgoing_mail_next_at_idx" ON "outgoing_mail" USING btree ("next_at");
--> statement-breakpoint
CREATE INDEX "outgoing_mail_expires_at_idx" ON "outgoing_mail" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "audit_event_expires_at_idx" ON "audit_event" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "audit_event_target_id_idx" ON "audit_event" USING btree ("target","id");
--> statement-breakpoint
CREATE INDEX "audit_event_event_id_idx" ON "audit_event" USING btree ("event","id");
